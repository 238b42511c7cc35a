using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Amplification;

/// <summary>
/// Forged datagrams against a node: what the attacker puts on the wire, what the node answers, and what arrives at the victim whose
/// address was forged, all counted by the lab in whole frames. Must be at most 1.0 until an address is validated.
/// </summary>
internal static class AmplificationBenchmark
{
    private const int Node = 1;
    private const int Attacker = 2;
    private const int Victim = 3;
    private const ulong Id = 1;
    private const int RainPort = 1980;

    // Longer than a subscription lives: an answer that comes late is an answer.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var seconds = options.Seconds ?? 2;
        var count = ((int)(2000 * seconds)).ToString(CultureInfo.InvariantCulture);
        using var folder = new TemporaryFolder();
        await folder.WriteFileAsync("in", options.Size ?? 64L << 20, seed: 1, cancellation);
        await using var lab = await Netlab.UpAsync(3, "--delay 1ms", cancellation);
        await using var node = await GatewayNode.StartAsync(lab[Node], folder["node"], 8080, RainPort, [], options.Settings, cancellation);
        await node.PutAsync(Id, folder["in"], cancellation);

        var report = new Report(
            "amplification", options, "row", "from", "in bytes", "out bytes", "out/in", "victim/in", "frames in", "frames out");

        // The switch learns where everybody is: until then it sends frames to all.
        await ForgeAsync("bare", lab[Attacker], "10");
        await ForgeAsync("bare", lab[Victim], "10");
        foreach (var kind in ForgedDatagrams.Kinds.Where(options.Wants))
        {
            foreach (var (name, source) in (IEnumerable<(string, Host)>)[("own", lab[Attacker]), ("forged", lab[Victim])])
            {
                if (kind == "stolen-token" && name == "own")
                {
                    // Its own token under its own address is no attack.
                    continue;
                }

                await lab.ResetAsync(cancellation);
                await ForgeAsync(kind, source, count);
                await Task.Delay(Aftermath, cancellation);
                var counted = await lab.StatisticsAsync(cancellation);
                var into = counted.Up(Attacker, "bytes");
                report.Add(
                    kind, name, (long)into, (long)counted.Up(Node, "bytes"),
                        counted.Up(Node, "bytes") / into, counted.Down(Victim, "bytes") / into,
                    (long)counted.Up(Attacker, "frames"), (long)counted.Up(Node, "frames"));
            }
        }

        report.Note("whole Ethernet frames on the wire; out: all that the node sent; victim: what came to the address that was forged");
        await report.FinishAsync();

        Task ForgeAsync(string kind, Host source, string frames) => ChildProcess.RunAsync(
            lab[Attacker].Command(Environment.ProcessPath!, "forge", kind, node.Rain,
                source.Address, Id.ToString(CultureInfo.InvariantCulture), frames),
            cancellation);
    }
}
