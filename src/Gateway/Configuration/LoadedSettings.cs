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

    /// <summary>The files that were found and read.</summary>
    public required IReadOnlyList<string> FilesRead { get; init; }

    /// <summary>The settings; where one is wrong, its default.</summary>
    public required GatewaySettings Settings { get; init; }

    /// <summary>A line for everything that is wrong; when there is one, the gateway must not start.</summary>
    public required IReadOnlyList<string> Mistakes { get; init; }
}
