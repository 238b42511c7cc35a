namespace Hostile.Machine;

/// <summary>How a gateway that is to be attacked, or one beside it, is started.</summary>
internal sealed record VictimSetup
{
    /// <summary>Its folder's name.</summary>
    public string Name { get; init; } = "victim";

    /// <summary>Settings as <c>Name=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The rain endpoints of its servers list.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>Where it rains, or null for a port that is free.</summary>
    public int? RainPort { get; init; }

    /// <summary>The folder of its store, or null for one in its own.</summary>
    public string? StorePath { get; init; }

    /// <summary>The most files it may have open, or null for what this process may.</summary>
    public int? FileCountMax { get; init; }

    /// <summary>The most bytes of its managed heap, or null for what the runtime takes.</summary>
    public long? HeapBytesMax { get; init; }

    /// <summary>A key that it accepts, with which it is asked whether it is ready.</summary>
    public string? Key { get; init; }
}
