namespace MurkyWaters.Store.Catalog;

/// <summary>How far the reading of all bodies has come: numbers in the table <c>node</c>, so that the next process goes on there. A pass
/// takes the ids in the order of the catalog, from one that is drawn to the last and from the first to that one.</summary>
internal sealed record ScrubProgress
{
    /// <summary>Whether a pass is under way.</summary>
    public bool IsRunning { get; init; }

    /// <summary>When it began, or the last one did, in milliseconds of Unix time; 0 for never.</summary>
    public long StartedUnixMs { get; init; }

    /// <summary>When the last pass came to its end; 0 for never.</summary>
    public long EndedUnixMs { get; init; }

    /// <summary>Whether <see cref="FirstKey"/> is drawn.</summary>
    public bool IsDrawn { get; init; }

    /// <summary>Where it began, an id as SQLite has it.</summary>
    public long FirstKey { get; init; }

    /// <summary>The lowest id that may be next.</summary>
    public long NextKey { get; init; }

    /// <summary>Whether it has come to the last id, and goes on from the first.</summary>
    public bool IsWrapped { get; init; }

    /// <summary>The block of the next resource to be read, where it is of <see cref="VersionTag"/>.</summary>
    public long Block { get; init; }

    /// <inheritdoc cref="Block"/>
    public long VersionTag { get; init; }

    /// <summary>Bytes read in this pass, or the last.</summary>
    public long CheckedBytes { get; init; }

    /// <summary>Bodies read in it.</summary>
    public long CheckedCount { get; init; }

    /// <summary>Those that were not what they should be.</summary>
    public long DamagedCount { get; init; }

    /// <summary>As numbers by name.</summary>
    public IEnumerable<(string Key, long Value)> Values =>
    [
        ("scrub running", IsRunning ? 1 : 0), ("scrub started", StartedUnixMs), ("scrub ended", EndedUnixMs),
        ("scrub drawn", IsDrawn ? 1 : 0),
        ("scrub first", FirstKey), ("scrub next", NextKey), ("scrub wrapped", IsWrapped ? 1 : 0), ("scrub block", Block),
        ("scrub version", VersionTag), ("scrub bytes", CheckedBytes), ("scrub resources", CheckedCount), ("scrub damaged", DamagedCount),
    ];

    /// <summary>From numbers by name, of which any may be missing.</summary>
    public static ScrubProgress Of(IReadOnlyDictionary<string, long> values) => new()
    {
        IsRunning = values.GetValueOrDefault("scrub running") != 0,
        StartedUnixMs = values.GetValueOrDefault("scrub started"),
        EndedUnixMs = values.GetValueOrDefault("scrub ended"),
        IsDrawn = values.GetValueOrDefault("scrub drawn") != 0,
        FirstKey = values.GetValueOrDefault("scrub first"),
        NextKey = values.GetValueOrDefault("scrub next"),
        IsWrapped = values.GetValueOrDefault("scrub wrapped") != 0,
        Block = values.GetValueOrDefault("scrub block"),
        VersionTag = values.GetValueOrDefault("scrub version"),
        CheckedBytes = values.GetValueOrDefault("scrub bytes"),
        CheckedCount = values.GetValueOrDefault("scrub resources"),
        DamagedCount = values.GetValueOrDefault("scrub damaged"),
    };
}

/// <summary>Keeps how far the reading of all bodies has come.</summary>
internal sealed class ScrubChange(ScrubProgress progress) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        var statement = connection.Prepare("INSERT OR REPLACE INTO node (key, value) VALUES ($1, $2)");
        foreach (var (key, value) in progress.Values)
        {
            statement.Run(key, value);
        }
    }
}
