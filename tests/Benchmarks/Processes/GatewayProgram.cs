namespace Benchmarks.Processes;

/// <summary>The gateway that is measured: the one that was built beside this program, in the same configuration, or one that was published
/// (<c>--gateway</c>), which compiles next to nothing while it runs: of many nodes on few processors that is most of what they
/// do.</summary>
internal static class GatewayProgram
{
    /// <summary>Its file: an assembly, or something that starts by itself.</summary>
    public static string File { get; private set; } = FindAssembly();

    /// <summary>What starts it.</summary>
    public static IReadOnlyList<string> Command => File.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", File] : [File];

    /// <summary>Measures another one from now on.</summary>
    public static void Use(string path) => File = Path.GetFullPath(path);

    private static string FindAssembly()
    {
        // artifacts/bin/Benchmarks/CONFIGURATION/ beside artifacts/bin/Gateway/CONFIGURATION/.
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(own.Parent?.Parent?.FullName ?? own.FullName, "Gateway", own.Name, "Gateway.dll");
    }
}
