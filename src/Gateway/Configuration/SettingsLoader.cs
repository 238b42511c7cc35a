using System.Net;
using System.Text.Json;
using Gateway.Hosting;
using PouringRain.Protocol;

namespace Gateway.Configuration;

/// <summary>
/// Reads the configuration, lowest first: the defaults, appsettings.json, appsettings.{environment}.json, environment variables
/// (<c>Rain__Listen</c>), arguments (<c>--Rain:Listen=…</c>). Collects every mistake instead of stopping at the first.
/// </summary>
internal static class SettingsLoader
{
    private const string SettingsFile = "appsettings.json";

    /// <summary>Reads everything.</summary>
    /// <param name="args">The arguments of the process.</param>
    /// <param name="isRunning">Whether the gateway runs already: its own ports are then taken, by itself.</param>
    public static LoadedSettings Load(string[] args, bool isRunning = false)
    {
        var mistakes = new List<string>();
        var host = ReadHost(args, mistakes);
        UnknownNames.FindPassedOver(args, mistakes);
        var contentRoot = FindContentRoot(host["contentRoot"], mistakes);
        var environmentName = host["environment"] is { Length: > 0 } named ? named : Environments.Production;
        var files = SettingsFiles(contentRoot, environmentName).Where(Path.Exists).ToList();
        var configuration = Build(args, files, mistakes);
        var canRead = mistakes.Count == 0;
        var reader = new SettingsReader(configuration, contentRoot, mistakes);
        var settings = new GatewaySettings(reader);

        // What a file or argument that cannot be read would have said is unknown, so nothing more is judged.
        if (canRead)
        {
            CheckRelations(settings, reader);
            UnknownNames.Find(configuration, BuildFiles(files, []).Build(), args, mistakes);
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
            WebRoot = new[] { contentRoot, AppContext.BaseDirectory }.Select(folder => Path.Combine(folder, "wwwroot")).FirstOrDefault(Directory.Exists)
                ?? Path.Combine(contentRoot, "wwwroot"),
            EnvironmentName = environmentName,
            FilesRead = files,
            Settings = settings,
            Mistakes = mistakes,
        };
    }

    /// <summary>The files that are read when they are there, lowest first.</summary>
    public static IReadOnlyList<string> SettingsFiles(string contentRoot, string environmentName) =>
        [Path.Combine(contentRoot, SettingsFile), Path.Combine(contentRoot, $"appsettings.{environmentName}.json")];

    /// <summary>Where HTTP listens by the configuration, without checking anything else.</summary>
    public static string ReadUrl(string[] args)
    {
        var mistakes = new List<string>();
        var contentRoot = FindContentRoot(ReadHost(args, mistakes)["contentRoot"], mistakes);
        var file = Path.Combine(contentRoot, SettingsFile);
        return new GatewaySettings(new SettingsReader(Build(args, File.Exists(file) ? [file] : [], mistakes), contentRoot, mistakes)).Urls[0];
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
            return Path.Exists(SettingsFile) ? Directory.GetCurrentDirectory() : AppContext.BaseDirectory;
        }

        if (!Directory.Exists(wanted))
        {
            mistakes.Add($"contentRoot = \"{wanted}\": the path of a folder that exists is wanted.");
        }

        return Path.GetFullPath(wanted);
    }

    private static IConfigurationRoot Build(string[] args, List<string> files, List<string> mistakes)
    {
        var builder = BuildFiles(files, mistakes).AddEnvironmentVariables("ASPNETCORE_").AddEnvironmentVariables();
        return (mistakes.Count == 0 ? builder.AddCommandLine(args) : builder).Build();
    }

    private static IConfigurationBuilder BuildFiles(List<string> files, List<string> mistakes)
    {
        IConfigurationBuilder builder = new ConfigurationBuilder();
        foreach (var file in files.Where(file => IsReadable(file, mistakes)))
        {
            builder = builder.AddJsonFile(file, optional: false);
        }

        return builder;
    }

    private static bool IsReadable(string file, List<string> mistakes)
    {
        try
        {
            if (Directory.Exists(file))
            {
                mistakes.Add($"{file}: a file is wanted, and this is a folder.");
                return false;
            }

            new ConfigurationBuilder().AddJsonFile(file, optional: false).Build();
            return true;
        }
        catch (InvalidDataException e)
        {
            mistakes.Add(e.GetBaseException() is JsonException json
                ? $"{file}: line {json.LineNumber + 1} is not valid JSON: {json.Message.Split(" LineNumber:")[0]}"
                : $"{file}: {e.GetBaseException().Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"{file}: cannot be read: {e.Message}");
        }

        return false;
    }

    /// <summary>Settings that are right one by one and wrong together.</summary>
    private static void CheckRelations(GatewaySettings settings, SettingsReader reader)
    {
        var rain = settings.Rain;
        var mistakes = reader.Mistakes;
        if (rain.Secret.Length > 0 && rain.ClassicAllow.Count > 0)
        {
            mistakes.Add("Rain:Classic:Allow: wire format 1 cannot be sealed, so it is not spoken with Rain:Secret; remove one of the two.");
        }

        if (rain.Secret.Length == 0 && rain.SecretsAccepted.Count > 0 && !reader.IsWrong("Rain:Secret"))
        {
            mistakes.Add("Rain:SecretsAccepted: without Rain:Secret nothing is sealed and no secret accepted; set both or neither.");
        }

        if (rain.Secret.Length == 0 && !reader.IsWrong("Rain:Secret") && !rain.AllowUnsealed
            && rain.Listen.FirstOrDefault(endPoint => !IPAddress.IsLoopback(endPoint.Address)) is { } open)
        {
            mistakes.Add(
                $"Rain:Listen = \"{open}\": without Rain:Secret only loopback addresses are permitted; Rain:AllowUnsealed=true permits others.");
        }

        if (!ResourceLayout.TryCreate(0, rain.BlockSize, rain.SymbolSize, out _))
        {
            mistakes.Add(
                $"Rain:BlockSize = \"{rain.BlockSize}\": a block of 1 to {ResourceLayout.SymbolCountMax} symbols of Rain:SymbolSize = {rain.SymbolSize} bytes is wanted.");
        }

        if (settings.Gateway is { ProtectReads: true, KeyDigests.Count: 0 } && !reader.IsWrong("Gateway:Keys"))
        {
            mistakes.Add("Gateway:ProtectReads = \"true\": at least one key in Gateway:Keys is wanted, or nobody could read.");
        }

        var isSecure = settings.Urls.Any(url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase));
        if (isSecure && !reader.Has("Kestrel:Certificates:Default"))
        {
            mistakes.Add("Urls: https wants a certificate, Kestrel:Certificates:Default:Path (and KeyPath or Password).");
        }
    }
}
