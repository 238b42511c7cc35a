using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Gateway.Configuration;

/// <summary>Who said what a setting is: of those who said anything the last one that is asked, whose word counts.</summary>
internal static class SettingOrigins
{
    /// <summary>Nobody: it is as it comes.</summary>
    public const string Default = "default";

    /// <summary>An environment variable.</summary>
    public const string Environment = "environment";

    /// <summary>An argument of the process.</summary>
    public const string Arguments = "arguments";

    /// <summary>It was said before, and stays though it is not any more (<see cref="SettingsKept"/>).</summary>
    public const string Kept = "kept";

    /// <summary>Who said each setting that anybody did: one of the words above, or the absolute path of a file.</summary>
    /// <param name="read">What was read, lowest first.</param>
    /// <param name="files">The files of it, in that order.</param>
    /// <param name="kept">What stays though nobody says it any more.</param>
    public static Dictionary<string, string> Find(
        IConfigurationRoot read, IReadOnlyList<SettingsFile> files, IReadOnlyDictionary<string, string?> kept)
    {
        var paths = new Queue<string>(files.Where(file => file.Bytes is not null).Select(file => file.Path));
        (IConfigurationProvider Provider, string Name)[] sources =
        [
            .. read.Providers.Select(provider => (provider, provider switch
            {
                JsonStreamConfigurationProvider => paths.Count > 0 ? paths.Dequeue() : Default,
                EnvironmentVariablesConfigurationProvider => Environment,
                CommandLineConfigurationProvider => Arguments,
                _ => Default,
            })),
        ];
        var origins = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var setting in KnownSettings.All)
        {
            // Who says it empty takes back what those before said.
            var source = sources.LastOrDefault(one => one.Provider.TryGet(setting.Name, out var value) && value is not null);
            if (kept.ContainsKey(setting.Name))
            {
                origins[setting.Name] = Kept;
            }
            else if (source.Provider is not null && !string.IsNullOrEmpty(read[setting.Name]))
            {
                origins[setting.Name] = source.Name;
            }
        }

        return origins;
    }
}
