using System.Text.Json;
using Gateway.Hosting;

namespace Gateway.Configuration;

/// <summary>
/// Reads the configuration, lowest first: the defaults, appsettings.json, appsettings.{environment}.json, environment variables
/// (<c>Rain__Listen</c>), arguments (<c>--Rain:Listen=…</c>). Collects every mistake instead of stopping at the first.
/// </summary>
internal static class SettingsLoader
{
    private const string FileName = "appsettings.json";

    /// <summary>Reads everything.</summary>
    /// <param name="args">The arguments of the process.</param>
    /// <param name="isRunning">Whether a gateway runs already: its ports are then taken, by itself.</param>
    public static LoadedSettings Load(string[] args, bool isRunning = false)
    {
        var mistakes = new List<string>();
        var host = ReadHost(args, mistakes);
        UnknownNames.FindPassedOver(args, mistakes);
        var contentRoot = FindContentRoot(host["contentRoot"], mistakes);
        var environmentName = host["environment"] is { Length: > 0 } named ? named : Environments.Production;
        var files = ReadFiles(contentRoot, environmentName);
        return Load(args, contentRoot, environmentName, files, Build(args, files, mistakes), [], mistakes, isRunning);
    }

    /// <summary>Reads everything again, in a gateway that runs with what was read before. Files do not vanish then, and protection is
    /// not taken back by being left out.</summary>
    /// <param name="before">What was read before.</param>
    /// <param name="files">The files as they are now.</param>
    public static LoadedSettings LoadAgain(LoadedSettings before, IReadOnlyList<SettingsFile> files)
    {
        var mistakes = before.Files.Zip(files).Where(pair => pair.First.Bytes is not null && pair.Second is { Bytes: null, Mistake: null })
            .Select(pair => $"{pair.Second.Path}: the file is gone; one that says what is meant is wanted, or none at the next start.")
            .ToList();
        var read = Build(before.Arguments, files, mistakes);
        var kept = SettingsKept.Find(before.Configuration, read);
        return Load(before.Arguments, before.ContentRoot, before.EnvironmentName, files, read, kept, mistakes, isRunning: true);
    }

    /// <summary>The files that are read when they are there, lowest first, as they are now.</summary>
    public static IReadOnlyList<SettingsFile> ReadFiles(string contentRoot, string environmentName) =>
    [
        SettingsFile.Read(Path.Combine(contentRoot, FileName)),
        SettingsFile.Read(Path.Combine(contentRoot, $"appsettings.{environmentName}.json")),
    ];

    /// <summary>Where HTTP listens by the configuration, without checking anything else.</summary>
    public static string ReadUrl(string[] args)
    {
        var mistakes = new List<string>();
        var host = ReadHost(args, mistakes);
        var contentRoot = FindContentRoot(host["contentRoot"], mistakes);
        var configuration = Build(args, [SettingsFile.Read(Path.Combine(contentRoot, FileName))], mistakes);
        return new GatewaySettings(new SettingsReader(configuration, contentRoot, mistakes)).Urls[0];
    }

    private static LoadedSettings Load(
        string[] args, string contentRoot, string environmentName, IReadOnlyList<SettingsFile> files, IConfigurationRoot read,
        Dictionary<string, string?> kept, List<string> mistakes, bool isRunning)
    {
        var canRead = mistakes.Count == 0;
        var configuration = kept.Count == 0 ? read
            : new ConfigurationBuilder().AddConfiguration(read).AddInMemoryCollection(kept).Build();
        var reader = new SettingsReader(configuration, contentRoot, mistakes);
        var settings = new GatewaySettings(reader);

        // What a file or argument that cannot be read would have said is unknown, so nothing more is judged.
        if (canRead)
        {
            RelationsCheck.Run(settings, reader);
            UnknownNames.Find(configuration, BuildFiles(files, []).Build(), args, mistakes);
            UnknownNames.FindEmptyLists(files, mistakes);
            FrameworkSections.Check(configuration, mistakes);
            SurroundingsCheck.Run(settings, reader, isRunning);
            if (LoggingSetup.FindMistake(configuration) is { } mistake)
            {
                mistakes.Add(mistake);
            }
        }

        return new LoadedSettings
        {
            Arguments = args,
            Configuration = new SettingsSnapshot(configuration),
            ContentRoot = contentRoot,
            WebRoot = new[] { contentRoot, AppContext.BaseDirectory }.Select(folder => Path.Combine(folder, "wwwroot"))
                .FirstOrDefault(Directory.Exists)
                ?? Path.Combine(contentRoot, "wwwroot"),
            EnvironmentName = environmentName,
            Files = files,
            Kept = [.. kept.Keys],
            Origins = SettingOrigins.Find(read, files, kept),
            Settings = settings,
            Mistakes = mistakes,
        };
    }

    /// <summary>What must be known before files are looked for: the content root and the environment's name.</summary>
    private static IConfigurationRoot ReadHost(string[] args, List<string> mistakes)
    {
        var builder = new ConfigurationBuilder().AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables("ASPNETCORE_");
        try
        {
            return builder.AddCommandLine(args).Build();
        }
        catch (FormatException e)
        {
            mistakes.Add($"arguments: {e.Message} Settings are given as --Name=value.");
            return new ConfigurationBuilder().Build();
        }
    }

    /// <summary>The folder asked for, or the working directory if it has settings, or the folder of the executable, which
    /// always has them.</summary>
    private static string FindContentRoot(string? wanted, List<string> mistakes)
    {
        if (string.IsNullOrEmpty(wanted))
        {
            return Path.Exists(FileName) ? Directory.GetCurrentDirectory() : AppContext.BaseDirectory;
        }

        if (!Directory.Exists(wanted))
        {
            mistakes.Add($"contentRoot = \"{wanted}\": the path of a folder that exists is wanted.");
        }

        return Path.GetFullPath(wanted);
    }

    private static IConfigurationRoot Build(string[] args, IReadOnlyList<SettingsFile> files, List<string> mistakes)
    {
        var builder = BuildFiles(files, mistakes).AddEnvironmentVariables("ASPNETCORE_").AddEnvironmentVariables();
        return (mistakes.Count == 0 ? builder.AddCommandLine(args) : builder).Build();
    }

    private static IConfigurationBuilder BuildFiles(IReadOnlyList<SettingsFile> files, List<string> mistakes)
    {
        IConfigurationBuilder builder = new ConfigurationBuilder();
        foreach (var file in files)
        {
            if (file.Mistake is not null)
            {
                mistakes.Add(file.Mistake);
            }
            else if (file.Bytes is not null && IsRight(file, mistakes))
            {
                builder = builder.AddJsonStream(new MemoryStream(file.Bytes));
            }
        }

        return builder;
    }

    private static bool IsRight(SettingsFile file, List<string> mistakes)
    {
        try
        {
            new ConfigurationBuilder().AddJsonStream(new MemoryStream(file.Bytes!)).Build();
            return true;
        }
        catch (JsonException e)
        {
            mistakes.Add($"{file.Path}: line {e.LineNumber + 1} is not valid JSON: {e.Message.Split(" LineNumber:")[0]}");
        }
        catch (FormatException e)
        {
            mistakes.Add($"{file.Path}: {e.Message}");
        }

        return false;
    }
}
