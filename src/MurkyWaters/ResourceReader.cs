using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Reads one version of a resource, which may still be coming. Holds it against eviction until disposed.</summary>
public abstract class ResourceReader : IAsyncDisposable
{
    /// <summary>The manifest.</summary>
    public abstract Manifest Manifest { get; }

    /// <summary>Whether it was here: no fetch is behind it.</summary>
    public abstract bool IsHit { get; }

    /// <summary>The file that holds it whole, for the system's own file-to-socket copy; null while a fetch is behind it.</summary>
    public abstract string? FilePath { get; }

    /// <summary>The fetch behind it, or null.</summary>
    public abstract TransferSnapshot? Transfer { get; }

    /// <summary>Where the time of the fetch behind it went, up to now; null when there is none.</summary>
    public virtual FetchTimes? Times => null;

    /// <summary>The coding out of whose pieces it is read; null when it is read as a whole.</summary>
    public virtual string? Coding => null;

    /// <summary>Of a resource that is read out of its pieces, the pieces that could not be had so far, by their indices; null for any
    /// other.</summary>
    public virtual System.Collections.Immutable.ImmutableArray<int>? MissingPieces => null;

    /// <summary>Reads verified bytes at an offset, waiting for those that are not here yet.</summary>
    /// <returns>How many bytes were read: at least 1, 0 only at the end.</returns>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Says where verified bytes at an offset stand, for the system's own copy from file to socket; waits for those that are not
    /// here yet.</summary>
    /// <param name="offset">0 to the length - 1.</param>
    /// <param name="count">Bytes wanted, at least 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A run of at least 1 byte, which holds until the reader is disposed; without a file where they are in memory alone, to be
    /// read from there.</returns>
    /// <exception cref="FetchFailedException">The rain has stopped for good.</exception>
    public abstract ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken);

    /// <summary>Lets go; a fetch that nobody reads or keeps is ended.</summary>
    public abstract ValueTask DisposeAsync();
}
