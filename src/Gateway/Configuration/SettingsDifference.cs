namespace Gateway.Configuration;

/// <summary>What differs between two configurations.</summary>
/// <param name="Live">Names of what takes effect while running.</param>
/// <param name="Later">Names of what waits for the next start.</param>
internal sealed record SettingsDifference(IReadOnlyList<string> Live, IReadOnlyList<string> Later)
{
    public static SettingsDifference Find(IConfiguration before, IConfiguration after)
    {
        var live = new List<string>();
        var later = new List<string>();
        foreach (var setting in KnownSettings.All)
        {
            if (TextOf(before, setting) != TextOf(after, setting))
            {
                (setting.IsLive ? live : later).Add(setting.Name);
            }
        }

        foreach (var section in (ReadOnlySpan<string>)["Kestrel", "Serilog"])
        {
            var (old, now) = (Flatten(before, section), Flatten(after, section));
            foreach (var key in old.Keys.Union(now.Keys, StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase))
            {
                if (old.GetValueOrDefault(key) != now.GetValueOrDefault(key))
                {
                    (IsLive(key, old) ? live : later).Add(key);
                }
            }
        }

        return new SettingsDifference(live, later);
    }

    /// <summary>Kestrel follows its endpoints and certificates, Serilog the levels that it has; a level for what had none it learns at
    /// the next start.</summary>
    private static bool IsLive(string key, Dictionary<string, string?> before) =>
        key.StartsWith("Kestrel:", StringComparison.OrdinalIgnoreCase)
        || (key.StartsWith("Serilog:MinimumLevel", StringComparison.OrdinalIgnoreCase) && before.ContainsKey(key));

    private static string TextOf(IConfiguration configuration, Setting setting) =>
        configuration[setting.Name]?.Trim() is { Length: > 0 } text ? text : setting.Default;

    private static Dictionary<string, string?> Flatten(IConfiguration configuration, string section) =>
        configuration.GetSection(section).AsEnumerable().Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.OrdinalIgnoreCase);
}
