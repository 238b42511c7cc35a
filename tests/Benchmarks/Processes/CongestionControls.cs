namespace Benchmarks.Processes;

/// <summary>Lets namespaces choose cubic and BBR while it lives: the kernel allows only what one machine-wide setting lists.</summary>
internal sealed class CongestionControls : IDisposable
{
    private const string AllowedPath = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";
    private const string AvailablePath = "/proc/sys/net/ipv4/tcp_available_congestion_control";
    private readonly string _before = File.ReadAllText(AllowedPath);

    public CongestionControls()
    {
        var available = Words(AvailablePath);
        Names = [.. ((string[])["cubic", "bbr"]).Where(available.Contains)];
        File.WriteAllText(AllowedPath, string.Join(' ', Words(AllowedPath).Union(Names)));
    }

    /// <summary>Those of cubic and bbr that the kernel has.</summary>
    public IReadOnlyList<string> Names { get; }

    public void Dispose() => File.WriteAllText(AllowedPath, _before);

    private static string[] Words(string path) => File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
