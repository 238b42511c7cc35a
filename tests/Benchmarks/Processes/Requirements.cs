namespace Benchmarks.Processes;

/// <summary>What a benchmark cannot do without. Missing things are installed where that is possible, else named in one line.</summary>
internal static class Requirements
{
    private static readonly Dictionary<string, string> Packages = new()
    {
        ["nginx"] = "nginx-light",
        ["aria2c"] = "aria2",
        ["mktorrent"] = "mktorrent",
        ["transmission-cli"] = "transmission-cli",
        ["uftp"] = "uftp",
        ["udp-sender"] = "udpcast",
        ["curl"] = "curl",
        ["cc"] = "gcc",
        ["ip"] = "iproute2",
        ["tc"] = "iproute2",
    };

    /// <summary>What keeps the benchmark from running, or null.</summary>
    public static async Task<string?> MissingAsync(bool lab, IReadOnlyList<string> programs, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            return "needs Linux";
        }

        if (lab && !Environment.IsPrivilegedProcess)
        {
            return "needs root for network namespaces";
        }

        if (lab && !File.Exists("/dev/net/tun"))
        {
            return "needs /dev/net/tun";
        }

        if (!File.Exists(GatewayProgram.File))
        {
            return $"needs the gateway ({GatewayProgram.File})";
        }

        string[] missing = [.. programs.Concat(lab ? ["ip", "tc", "cc"] : []).Where(program => Find(program) is null)];
        if (missing.Length > 0 && Environment.IsPrivilegedProcess && Find("apt-get") is not null)
        {
            await InstallAsync(missing.Select(program => Packages[program]), cancellation);
            missing = [.. missing.Where(program => Find(program) is null)];
        }

        return missing.Length == 0 ? null : $"needs {string.Join(", ", missing)}";
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static async Task InstallAsync(IEnumerable<string> packages, CancellationToken cancellation)
    {
        // RUNLEVEL=1 keeps a package from starting its service.
        string[] apt = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"];
        string[][] commands = [["-qq", "update"], ["-qq", "install", "-y", "--no-install-recommends", .. packages.Distinct()]];
        foreach (var command in commands)
        {
            await using var process = ChildProcess.Start([.. apt, .. command]);
            await process.WaitAsync(cancellation);
        }
    }
}
