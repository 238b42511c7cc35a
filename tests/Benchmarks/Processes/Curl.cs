using System.Globalization;
using System.Security.Cryptography;

namespace Benchmarks.Processes;

/// <summary>curl, the client of every comparison: the same program reads from the gateway and from nginx.</summary>
internal static class Curl
{
    private const string Format = "\n%{http_code} %{time_total} %{time_starttransfer} %{size_download}";

    /// <summary>GETs to nowhere, or to a file.</summary>
    /// <param name="host">Where curl runs.</param>
    /// <param name="url">What it asks for.</param>
    /// <param name="limitSeconds">When it gives up.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="target">Where the body goes.</param>
    public static async Task<CurlResult> GetAsync(
        Host host, string url, double limitSeconds, IEnumerable<string> arguments, CancellationToken cancellation,
        string target = "/dev/null")
    {
        var limit = limitSeconds.ToString("F3", CultureInfo.InvariantCulture);
        await using var curl = ChildProcess.Start(host.Command(
            ["curl", "-sS", "-o", target, "-m", limit, "-w", Format, .. arguments, url]));
        var exitCode = await curl.WaitAsync(cancellation);
        var fields = curl.Text[(curl.Text.LastIndexOf('\n') + 1)..].Split(' ');
        return fields.Length != 4
            ? throw new InvalidOperationException($"curl: exit code {exitCode}: {curl.Errors}")
            : new CurlResult(exitCode, int.Parse(fields[0], CultureInfo.InvariantCulture), Number(1), Number(2), (long)Number(3));

        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
    }

    /// <summary>GETs and hashes; the SHA-256 in hex and the exit code of curl.</summary>
    public static async Task<(string Sha256, int ExitCode)> HashAsync(
        Host host, string url, double limitSeconds, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var limit = limitSeconds.ToString("F3", CultureInfo.InvariantCulture);
        await using var curl = ChildProcess.Start(host.Command(["curl", "-sSf", "-m", limit, .. arguments, url]), keepOutput: false);
        var hash = await SHA256.HashDataAsync(curl.Output, cancellation);
        return (Convert.ToHexStringLower(hash), await curl.WaitAsync(cancellation));
    }
}

/// <summary>What one GET came to.</summary>
internal sealed record CurlResult(int ExitCode, int Status, double Seconds, double FirstByteSeconds, long Bytes)
{
    public double BytesPerSecond => Bytes / Seconds;

    /// <summary>The result of a GET that must have brought this many bytes.</summary>
    public CurlResult Whole(long bytes) => ExitCode == 0 && Status is 200 or 206 && Bytes == bytes
        ? this
        : throw new InvalidOperationException($"a GET of {bytes} bytes ended with {this}");
}
