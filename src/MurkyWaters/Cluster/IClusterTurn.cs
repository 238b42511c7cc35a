namespace MurkyWaters.Cluster;

/// <summary>The right to go on alone, over all nodes, until disposed or lost. It is renewed by itself; a process that dies, stands still or
/// is cut off loses it within seconds.</summary>
public interface IClusterTurn : IAsyncDisposable
{
    /// <summary>Greater with every turn of the same key: who writes with it can be told from who had the turn before.</summary>
    long Fence { get; }

    /// <summary>Whether nobody else can have it yet, by this process's clock.</summary>
    bool IsHeld { get; }

    /// <summary>Cancelled when it is lost.</summary>
    CancellationToken Lost { get; }
}
