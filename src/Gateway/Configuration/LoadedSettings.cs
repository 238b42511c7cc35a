namespace Gateway.Configuration;

/// <summary>What came of reading the configuration.</summary>
internal sealed record LoadedSettings
{
    /// <summary>The arguments of the process, by which everything can be read again.</summary>
    public required string[] Arguments { get; init; }

    /// <summary>The configuration as it was read, for the framework and the logger.</summary>
    public required SettingsSnapshot Configuration { get; init; }

    /// <summary>The folder in which settings files were looked for.</summary>
    public required string ContentRoot { get; init; }

    /// <summary>The folder of the page.</summary>
    public required string WebRoot { get; init; }

    /// <summary>As in <c>Production</c>.</summary>
    public required string EnvironmentName { get; init; }

    /// <summary>The settings files there may be, as they were, lowest first.</summary>
    public required IReadOnlyList<SettingsFile> Files { get; init; }

    /// <summary>Absolute paths of the files that were found and read.</summary>
    public IReadOnlyList<string> FilesRead => [.. Files.Where(file => file.Bytes is not null).Select(file => file.Path)];

    /// <summary>Names of what is not given any more and stays.</summary>
    public required IReadOnlyList<string> Kept { get; init; }

    /// <summary>Who said what, by the names of the settings that somebody said anything of (<see cref="SettingOrigins"/>).</summary>
    public required IReadOnlyDictionary<string, string> Origins { get; init; }

    /// <summary>The settings; where one is wrong, its default.</summary>
    public required GatewaySettings Settings { get; init; }

    /// <summary>A line for everything that is wrong; when there is one, the gateway must not start.</summary>
    public required IReadOnlyList<string> Mistakes { get; init; }
}
