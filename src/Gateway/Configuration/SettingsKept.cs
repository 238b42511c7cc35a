namespace Gateway.Configuration;

/// <summary>
/// What a reload does not take back for being left out, since that would open something: a file that was cut, emptied or swapped for
/// another by mistake says nothing of keys, and means nothing by it.
/// </summary>
internal static class SettingsKept
{
    /// <summary>Names of the framework that close something as well.</summary>
    private static readonly string[] ProtectiveOfKestrel = ["ClientCertificateMode", "SslProtocols"];

    /// <summary>The values that stay, by their names.</summary>
    /// <param name="before">What is in force.</param>
    /// <param name="after">What was read now.</param>
    public static Dictionary<string, string?> Find(IConfiguration before, IConfiguration after)
    {
        var own = KnownSettings.All.Where(setting => setting.IsProtective).Select(setting => setting.Name).Append("AllowedHosts");
        var kestrel = before.GetSection("Kestrel").AsEnumerable().Select(pair => pair.Key).Where(key => IsKept(key, after));
        return own.Concat(kestrel)
            .Where(name => !string.IsNullOrEmpty(before[name]) && after[name] is null && !IsDefault(name, before[name]!))
            .ToDictionary(name => name, name => before[name], StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>How whoever means it takes a value back.</summary>
    public static string Describe(string name) =>
        KnownSettings.Find(name) is { } setting
            ? $"{setting.Name}, which the value \"{setting.Default}\" takes back"
            : name;

    /// <summary>A default is no other for being left out.</summary>
    private static bool IsDefault(string name, string value) =>
        KnownSettings.Find(name) is { } setting && string.Equals(setting.Default, value.Trim(), StringComparison.OrdinalIgnoreCase);

    /// <summary>The whole section when there is none any more, for without it nothing would listen; of an endpoint that is still there
    /// what it asks of clients.</summary>
    private static bool IsKept(string key, IConfiguration after) =>
        !after.GetSection("Kestrel").GetChildren().Any()
        || (ProtectiveOfKestrel.Contains(key.Split(':')[^1], StringComparer.OrdinalIgnoreCase)
            && (key.StartsWith("Kestrel:EndpointDefaults:", StringComparison.OrdinalIgnoreCase)
                || after.GetSection(key[..key.LastIndexOf(':')]).GetChildren().Any()));
}
