using System.Reflection;

namespace Gateway.Configuration;

/// <summary>What the executable answers without starting: <c>--help</c>, <c>--version</c>, <c>--health</c>, <c>--doctor</c>,
/// <c>--rebuild-catalog</c>.</summary>
internal static class CommandLine
{
    /// <summary>As in <c>0.1.0</c>.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static bool IsHelp(string[] args) => args.Any(argument => argument is "--help" or "-h" or "-?" or "/?");

    public static bool IsVersion(string[] args) => args.Contains("--version");

    public static bool IsHealth(string[] args) => args.Contains("--health");

    public static bool IsDoctor(string[] args) => args.Contains("--doctor") || args.FirstOrDefault() == "doctor";

    public static bool IsRebuild(string[] args) => args.Contains("--rebuild-catalog");

    public static bool IsJson(string[] args) => args.Contains("--json");

    /// <summary>The arguments that are settings.</summary>
    public static string[] WithoutModes(string[] args) =>
        [.. args.Where(argument => argument is not ("--health" or "--doctor" or "doctor" or "--json" or "--rebuild-catalog"))];

    /// <summary>Writes how to start it, and every setting, in lines that a terminal of 80 columns holds.</summary>
    public static void WriteHelp(TextWriter output)
    {
        output.WriteLine(
            """
            Pouring Rain: an HTTP gateway in front of a cloud of rain servers.

              Gateway [--Name=value ...]  starts; Ctrl+C or SIGTERM ends it
              Gateway --health            asks a running gateway whether it is ready:
                                          exit code 0 or 1
              Gateway --doctor [--json]   checks settings, ports, buffers, disk, clock and
                                          servers, and says what to do: exit code 0 or 1
              Gateway --rebuild-catalog   makes the store's catalog anew when it is lost or
                                          damaged, and says what was found again: exit
                                          code 0; 1 when the disk fails; 2 when it is in
                                          use or no store of this version
              Gateway --version           prints the version
              Gateway --help              prints this

            Settings come from appsettings.json, which gives way to environment variables
            (Rain__Listen=...), and these to arguments (--Rain:Listen=...). When one is
            wrong, the gateway does not start: a line a mistake, exit code 2.

            Sizes are bytes or take a unit: KB, MB, GB, TB, PB are powers of 1000, KiB, MiB,
            GiB, TiB, PiB of 1024. Durations are seconds or take a unit: ms, s, m, h, d.
            Paths that are relative are so to the working directory. A change of what is
            marked * takes effect while the gateway runs.

            Each setting with its default:
            """);
        foreach (var section in KnownSettings.All.GroupBy(setting => setting.Section))
        {
            output.WriteLine();
            foreach (var setting in section)
            {
                output.WriteLine($"{(setting.IsLive ? '*' : ' ')} --{setting.Name}={setting.Default}");
                WriteWrapped(output, $"{setting.Meaning}.");
                WriteWrapped(output, $"{setting.Wanted.TrimEnd(',')}{(setting.Example.Length == 0 ? "" : $", like {setting.Example}")}.");
            }
        }
    }

    private static void WriteWrapped(TextWriter output, string text)
    {
        const int Indent = 6;
        const int Columns = 80;
        var column = 0;
        foreach (var word in $"{char.ToUpperInvariant(text[0])}{text[1..]}".Split(' '))
        {
            if (column + 1 + word.Length > Columns)
            {
                output.WriteLine();
                column = 0;
            }

            output.Write(column == 0 ? new string(' ', Indent) : " ");
            output.Write(word);
            column = (column == 0 ? Indent : column + 1) + word.Length;
        }

        output.WriteLine();
    }
}
