using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Ceph;

/// <summary>A real object store: a one-node Ceph with its S3 server, in memory, as long as this lives. Tests that want one are skipped
/// where Ceph is not installed, or may not be started.</summary>
public sealed class CephStore : IAsyncLifetime
{
    public const string AccessKey = "AKIATEST", SecretKey = "secretsecret", Bucket = "rain";

    private static readonly string[] Programs =
        ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "monmaptool", "uuidgen", "curl"];

    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(3);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ceph-{Guid.NewGuid():n}");
    private bool _isUp;

    /// <summary>Where it listens.</summary>
    public int Port { get; private set; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    public async ValueTask InitializeAsync()
    {
        if (MissingPrograms().Length > 0 || Environment.UserName != "root")
        {
            return;
        }

        var ports = FreePorts(3);
        Port = ports[0];
        var started = await RunAsync(
            "bash",
            [
                Path.Combine(AppContext.BaseDirectory, "ceph-up.sh"), _folder,
                .. ports.Select(port => port.ToString(CultureInfo.InvariantCulture)),
            ]);
        if (started.ExitCode != 0)
        {
            await DisposeAsync();
            throw new InvalidOperationException($"Ceph does not start: {started.Output}");
        }

        await CreateBucketAsync();
        _isUp = true;
    }

    /// <summary>Skips a test where there is none.</summary>
    public void SkipUnlessUp() =>
        Assert.SkipUnless(_isUp, $"Ceph as root is wanted; not installed: {string.Join(' ', MissingPrograms())} (see .ci/run).");

    /// <summary>Ends the S3 server as a crash does.</summary>
    public async Task KillGatewayAsync()
    {
        using var process = Process.GetProcessById(PidOf("client.rgw"));
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(HangLimit);
    }

    /// <summary>Starts it again, and waits until it serves.</summary>
    public async Task StartGatewayAsync()
    {
        var started = await RunAsync("radosgw", ["-c", Path.Combine(_folder, "ceph.conf"), "-n", "client.rgw"]);
        Assert.True(started.ExitCode == 0, started.Output);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        using var limit = new CancellationTokenSource(HangLimit);
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(Endpoint, limit.Token);
                return;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !limit.IsCancellationRequested)
            {
                await Task.Delay(100, limit.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in (string[])["client.rgw", "osd.0", "mon.a"])
        {
            try
            {
                using var process = Process.GetProcessById(PidOf(name));

                // A number may be another's by now.
                if ((await File.ReadAllTextAsync($"/proc/{process.Id}/cmdline")).Contains(_folder, StringComparison.Ordinal))
                {
                    process.Kill();
                    await process.WaitForExitAsync().WaitAsync(HangLimit);
                }
            }
            catch (Exception error) when (error is ArgumentException or IOException or InvalidOperationException)
            {
                // It does not run.
            }
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>The one request that tests make themselves, signed as AWS has it (Signature Version 4).</summary>
    private async Task CreateBucketAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        var (date, time) = (
            now.ToString("yyyyMMdd", CultureInfo.InvariantCulture), now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        const string signed = "host;x-amz-content-sha256;x-amz-date";
        var empty = Convert.ToHexStringLower(SHA256.HashData([]));
        var request = $"PUT\n/{Bucket}\n\nhost:127.0.0.1:{Port}\nx-amz-content-sha256:{empty}\nx-amz-date:{time}\n\n{signed}\n{empty}";
        var scope = $"{date}/us-east-1/s3/aws4_request";
        var text = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var key = scope.Split('/').Append(text).Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + SecretKey), (key, part) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part)));
        using var http = new HttpClient();
        using var put = new HttpRequestMessage(HttpMethod.Put, $"{Endpoint}/{Bucket}");
        put.Headers.Add("x-amz-content-sha256", empty);
        put.Headers.Add("x-amz-date", time);
        put.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={AccessKey}/{scope}, SignedHeaders={signed}, Signature={Convert.ToHexStringLower(key)}");
        using var answer = await http.SendAsync(put);
        answer.EnsureSuccessStatusCode();
    }

    private static string[] MissingPrograms() =>
        [.. Programs.Where(name => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Any(folder => File.Exists(Path.Combine(folder, name))))];

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        listeners.ForEach(listener => listener.Stop());
        return ports;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, IEnumerable<string> arguments)
    {
        // Through files and not pipes, which the daemons would keep open.
        var log = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("bash") { ArgumentList = { "-c", "exec \"$@\" > \"$0\" 2>&1 < /dev/null", log, program } };
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            await process.WaitForExitAsync().WaitAsync(HangLimit);
            return (process.ExitCode, await File.ReadAllTextAsync(log));
        }
        finally
        {
            File.Delete(log);
        }
    }

    private int PidOf(string name) =>
        int.Parse(File.ReadAllText(Path.Combine(_folder, $"{name}.pid")), CultureInfo.InvariantCulture);
}
