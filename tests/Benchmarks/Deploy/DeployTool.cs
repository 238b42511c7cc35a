using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Deploy;

/// <summary>A program that brings one file to many at once: what is started on each host.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Receive">The command of a receiver: the host's number, and the folder where the file goes.</param>
/// <param name="Send">The command of the sender: receivers, megabits a second, whether frames get lost, and the file.</param>
/// <param name="EndsItself">Whether a receiver ends when it has all; else it is over when the sender is.</param>
internal sealed record DeployTool(
    string Name,
    Func<int, string, IReadOnlyList<string>> Receive,
    Func<int, double, bool, string, IReadOnlyList<string>> Send,
    bool EndsItself = true)
{
    public const string Secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private const string Group = "239.77.0.1:7855";

    /// <summary>What carries a file in frames of 1514 bytes fills a link at this part of its rate.</summary>
    private const double PayloadShare = 0.94;

    public static DeployTool Rain(bool isSealed)
    {
        string[] secret = isSealed ? ["--secret", Secret] : [];
        return new DeployTool(
            isSealed ? "sealed" : "rain",
            (_, folder) => [.. GatewayProgram.Command, "--receive", "--group", Group, "--interface", "lan0", "--write",
                Path.Combine(folder, "image"), "--json", .. secret],
            (receivers, megabits, _, file) => [.. GatewayProgram.Command, "--send", file, "--group", Group, "--interface", "lan0",
                "--rate", Text($"{megabits * 1000:F0}K"), "--wait", Text($"{receivers},240"), "--json", .. secret]);
    }

    public static DeployTool Uftp { get; } = new(
        "uftp",
        (_, folder) => ["uftpd", "-d", "-I", "lan0", "-M", "239.77.0.2", "-D", folder, "-L", Path.Combine(folder, "log"),
            "-P", Path.Combine(folder, "pid")],
        (receivers, megabits, _, file) => ["uftp", "-R", Text($"{megabits * 1000 * PayloadShare:F0}"), "-I", "lan0", "-M", "239.77.0.2",
            "-H", string.Join(',', Enumerable.Range(2, receivers).Select(host => Text($"0x0A4D00{host:X2}"))), "-D", "image", file],
        EndsItself: false);

    public static DeployTool Udpcast { get; } = new(
        "udpcast",
        (_, folder) => ["udp-receiver", "--interface", "lan0", "--nokbd", "--no-progress", "--file", Path.Combine(folder, "image")],
        (receivers, megabits, isLossy, file) => ["udp-sender", "--interface", "lan0", "--nokbd", "--no-progress", "--file", file,
            "--min-receivers", Text($"{receivers}"), "--max-bitrate", Text($"{megabits * 1000:F0}k"), "--max-wait", "240",
            .. isLossy ? ["--fec", "8x8/128"] : Array.Empty<string>()]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
