using System.Globalization;
using System.Text.RegularExpressions;
using Benchmarks.Processes;

namespace Benchmarks.Hits;

/// <summary>wrk, a client that asks for one thing as often as it can.</summary>
internal static partial class Wrk
{
    /// <summary>Asks on one thread.</summary>
    /// <exception cref="InvalidOperationException">It failed, or an answer was none of 200.</exception>
    public static async Task<WrkResult> GetAsync(string url, int connections, double seconds, CancellationToken cancellation)
    {
        var text = await ChildProcess.RunAsync(
            ["wrk", "-t1", $"-c{connections}", string.Create(CultureInfo.InvariantCulture, $"-d{Math.Ceiling(seconds)}s"), url],
            cancellation);
        return text.Contains("Non-2xx", StringComparison.Ordinal) || text.Contains("Socket errors", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"wrk: {text}")
            : new WrkResult(Number(Total(), text), Number(Rate(), text));
    }

    /// <summary>Sends what a script makes, on one thread.</summary>
    /// <exception cref="InvalidOperationException">It failed, or an answer was none of 200.</exception>
    public static async Task<WrkResult> PutAsync(string url, string script, int connections, double seconds, CancellationToken cancellation)
    {
        var text = await ChildProcess.RunAsync(
            ["wrk", "-t1", $"-c{connections}", string.Create(CultureInfo.InvariantCulture, $"-d{Math.Ceiling(seconds)}s"), "-s", script,
                url],
            cancellation);
        return text.Contains("Non-2xx", StringComparison.Ordinal) || text.Contains("Socket errors", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"wrk: {text}")
            : new WrkResult(Number(Total(), text), Number(Rate(), text));
    }

    private static double Number(Regex pattern, string text) =>
        double.Parse(pattern.Match(text).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Total();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();
}

/// <summary>What it counted.</summary>
internal sealed record WrkResult(double Requests, double RequestsPerSecond);
