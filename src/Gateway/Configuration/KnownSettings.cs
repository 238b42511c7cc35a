using System.Collections.Immutable;

namespace Gateway.Configuration;

/// <summary>
/// Every setting of the gateway. Each is declared once, where it is read: as a property of <see cref="GatewaySettings"/> or of one of
/// its sections. The search for unknown names, <c>--help</c>, the table of docs/settings.md and the tests of appsettings.json go by
/// this list.
/// </summary>
internal static class KnownSettings
{
    /// <summary>Every setting, in the order of its declaration, which is that of the documents.</summary>
    public static ImmutableArray<Setting> All { get; } = Declared();

    /// <summary>The sections in which any other name is a mistake.</summary>
    public static ImmutableArray<string> OwnSections { get; } =
        [.. All.Select(setting => setting.Section).Where(section => section.Length > 0).Distinct()];

    /// <summary>What else the framework and the logger read.</summary>
    public static ImmutableArray<string> ForeignSections { get; } =
        ["Urls", "Kestrel", "Serilog", "Logging", "AllowedHosts", "applicationName", "contentRoot", "environment"];

    /// <summary>The setting of a name, which is compared without case; null when there is none.</summary>
    public static Setting? Find(string name) =>
        All.FirstOrDefault(setting => string.Equals(setting.Name, name, StringComparison.OrdinalIgnoreCase));

    private static ImmutableArray<Setting> Declared()
    {
        var reader = new SettingsReader(new ConfigurationBuilder().Build(), AppContext.BaseDirectory, []);
        _ = new GatewaySettings(reader);
        return [.. reader.Declared];
    }
}
