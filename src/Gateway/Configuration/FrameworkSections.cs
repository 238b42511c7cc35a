namespace Gateway.Configuration;

/// <summary>Checks the sections that the framework and the logger read: they skip what they do not know, and fail late, in pages, at
/// what they do not understand.</summary>
internal static class FrameworkSections
{
    private static readonly string[] KestrelNames = ["Certificates", "EndpointDefaults", "Endpoints"];
    private static readonly string[] SerilogNames =
        ["AuditTo", "Destructure", "Enrich", "Filter", "FilterSwitches", "LevelSwitches", "MinimumLevel", "Properties", "Using", "WriteTo"];

    public static void Check(IConfiguration configuration, List<string> mistakes)
    {
        CheckNames(configuration.GetSection("Kestrel"), KestrelNames, mistakes);
        CheckNames(configuration.GetSection("Serilog"), SerilogNames, mistakes);
        CheckLogging(configuration.GetSection("Logging"), mistakes);
        foreach (var certificate in configuration.GetSection("Kestrel:Certificates").GetChildren())
        {
            CheckCertificate(certificate, mistakes);
        }

        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            foreach (var certificate in endpoint.GetSection("Sni").GetChildren().Append(endpoint))
            {
                CheckCertificate(certificate.GetSection("Certificate"), mistakes);
            }

            var url = endpoint["Url"] ?? "";
            if (!SettingForms.Urls.Parse(url, out var urls) || urls.Count != 1)
            {
                mistakes.Add($"{endpoint.Path}:Url = \"{url}\": an address like http://localhost:8080 is wanted.");
            }
        }
    }

    private static void CheckNames(IConfigurationSection section, string[] known, List<string> mistakes)
    {
        foreach (var child in section.GetChildren().Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
        {
            mistakes.Add($"{child.Path}: there is no such setting; {section.Key} has {string.Join(", ", known)}.");
        }
    }

    private static void CheckCertificate(IConfigurationSection certificate, List<string> mistakes)
    {
        foreach (var name in (ReadOnlySpan<string>)["Path", "KeyPath"])
        {
            if (certificate[name] is not { Length: > 0 } path)
            {
                continue;
            }

            try
            {
                using var file = File.OpenRead(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                mistakes.Add($"{certificate.Path}:{name} = \"{path}\": the path of a readable file is wanted: {e.Message}");
            }
        }
    }

    /// <summary>The framework's own filter of levels is not asked: Serilog stands in its place.</summary>
    private static void CheckLogging(IConfigurationSection logging, List<string> mistakes)
    {
        if (logging.Exists())
        {
            mistakes.Add("Logging: levels of the log are set by Serilog:MinimumLevel:Default and Serilog:MinimumLevel:Override:(source); "
                + "this section is not read.");
        }
    }
}
