using System.Text;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>What the one who sets up a gateway does wrong, and small things that cost much: weak secrets, absurd chunks, long lists, open
/// files.</summary>
internal static class WeakAttack
{
    private const string Key = "5f1c9a7be2034d68-honest";
    private const int ServerCount = 5000;
    private const UnixFileMode OwnerModes = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static Attack Attack { get; } =
        new("weak", "weak keys and secrets, absurd chunks, 5,000 servers, files of the store that others may read", IsQuick: true,
            RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        (string Name, string Setting)[] weak =
        [
            ("Gateway:Keys=,", "Gateway:Keys=,"),
            ("a key of one letter", "Gateway:Keys=k"),
            ("one key of one letter beside a good one", $"Gateway:Keys={Key},k"),
            ("a key of sixteen equal letters", "Gateway:Keys=aaaaaaaaaaaaaaaa"),
            ("a secret of sixteen equal letters", "Rain:Secret=aaaaaaaaaaaaaaaa"),
            ("a secret of eight letters", "Rain:Secret=f3a9c17e"),
        ];
        foreach (var (name, setting) in weak)
        {
            await using var victim = new Victim(new VictimSetup { Settings = [setting] }, stage.Options, stage.PathOf("weak"));
            var started = await victim.TryStartAsync(stage.Cancellation);
            var code = started || victim.IsAlive ? "started" : $"exit code {await victim.Process.WaitAsync(stage.Cancellation)}";
            stage.Row($"start with {name}", code, "exit code 2", code == "exit code 2");
        }

        var gateway = await stage.StartAsync(
            new VictimSetup { Settings = [$"Gateway:Keys={Key}", "Rain:Secret=0c5e1f9ab37d4268-rain"], Key = Key });
        using var owner = new User(gateway, key: Key);
        await owner.PutAsync(User.Resource(1), [1], stage.Cancellation);
        await ChunkAsync(stage, gateway, "7FFFFFFFFFFFFFFF");
        await ChunkAsync(stage, gateway, "FFFFFFFFFFFFFFFFFF");
        await ChunkAsync(stage, gateway, "80000000");

        var open = new DirectoryInfo(gateway.StorePath).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Append(new DirectoryInfo(gateway.StorePath))
            .Where(entry => (entry.UnixFileMode & ~OwnerModes) != 0).ToArray();
        stage.Row("files and folders of the store that others may use", $"{open.Length}", "0", open.Length == 0);

        var taken = 0;
        await Parallel.ForAsync(
            1, ServerCount + 1, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stage.Cancellation },
            async (i, cancellation) =>
            {
                var answer = await owner.SendAsync("PUT", $"/servers/127.1.{i / 250}.{(i % 250) + 1}:1980", null, [], cancellation);
                Interlocked.Add(ref taken, answer.IsSuccess ? 1 : 0);
            });
        stage.Row("PUT /servers, 5,000 times", $"{taken} taken", "1,024", taken <= 1024);

        var metrics = await owner.GetAsync("/metrics", stage.Cancellation);
        var servers = await owner.GetAsync("/servers", stage.Cancellation);
        var output = gateway.Log + Encoding.UTF8.GetString(metrics.Body) + Encoding.UTF8.GetString(servers.Body);
        var told = output.Contains(Key, StringComparison.Ordinal) || output.Contains("0c5e1f9ab37d4268", StringComparison.Ordinal);
        stage.Row("key and secret in log, metrics or servers", told ? "told" : "not told", "not told", !told);
    }

    private static async Task ChunkAsync(Stage stage, Victim gateway, string size)
    {
        var head = $"PUT /resources/9 HTTP/1.1\r\nHost: {gateway.Http}\r\nAuthorization: Bearer {Key}\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n";
        using var connection = await RawConnection.OpenAsync(gateway, "127.0.0.2", stage.Cancellation);
        var status = await connection.AskAsync($"{head}{size}\r\nx", stage.Cancellation);
        stage.Row($"PUT with a chunk of 0x{size} bytes", status == 0 ? "connection ended" : $"{status}", "400, 413, 507 or ended",
            status != 500);
    }
}
