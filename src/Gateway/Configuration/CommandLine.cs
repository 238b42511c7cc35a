using System.Reflection;

namespace Gateway.Configuration;

/// <summary>What the executable answers without starting: <c>--help</c>, <c>--version</c>, <c>--health</c>, <c>--doctor</c>.</summary>
internal static class CommandLine
{
    /// <summary>As in <c>0.1.0</c>.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static bool IsHelp(string[] args) => args.Any(argument => argument is "--help" or "-h" or "-?" or "/?");

    public static bool IsVersion(string[] args) => args.Contains("--version");

    public static bool IsHealth(string[] args) => args.Contains("--health");

    public static bool IsDoctor(string[] args) => args.Contains("--doctor") || args.FirstOrDefault() == "doctor";

    public static bool IsJson(string[] args) => args.Contains("--json");

    /// <summary>The arguments that are settings.</summary>
    public static string[] WithoutModes(string[] args) =>
        [.. args.Where(argument => argument is not ("--health" or "--doctor" or "doctor" or "--json"))];

    public static void WriteHelp(TextWriter output)
    {
        output.WriteLine(
            """
            Pouring Rain: an HTTP gateway in front of a cloud of rain servers.

              Gateway [--Name=value ...]   starts; Ctrl+C or SIGTERM ends it
              Gateway --health             asks a running gateway whether it is ready: exit code 0 or 1
              Gateway --doctor [--json]    checks settings, ports, buffers, disk, clock and servers, and says what to do: exit code 0 or 1
              Gateway --version            prints the version
              Gateway --help               prints this

            Settings come from appsettings.json, then environment variables (Rain__Listen=...), then arguments (--Rain:Listen=...).
            When one is wrong, the gateway does not start: a line a mistake, exit code 2.

            """);
        foreach (var setting in KnownSettings.All)
        {
            output.WriteLine($"  --{setting.Name}={setting.Default}");
            output.WriteLine($"        {setting.Meaning}");
        }
    }
}
