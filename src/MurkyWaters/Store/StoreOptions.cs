using System.Diagnostics.CodeAnalysis;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>How a store is set up.</summary>
internal sealed record StoreOptions
{
    public required string Path { get; init; }

    public long QuotaBytes { get; init; }

    public string Code { get; init; } = "raptorq";

    public int SymbolSize { get; init; } = 1408;

    /// <summary>Bytes of a block of new resources; 0: by their length.</summary>
    public int BlockSize { get; init; }

    /// <summary>Bytes of an upload's buffers: a fraction of a processor's cache, in which what is hashed and written lies, and enough that
    /// handing on costs nothing.</summary>
    public int UploadBufferBytes { get; init; } = 256 * 1024;

    /// <summary>The bytes of resources of up to so many are kept in the catalog, those of larger ones in files; 0 is none.</summary>
    public int InlineBytes { get; init; } = 64 * 1024;

    /// <summary>Memory for what was read from the catalog lately.</summary>
    public long CacheBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Within which every body is read and compared with its digests; zero for never.</summary>
    public TimeSpan ScrubPeriod { get; init; }

    /// <summary>Whether it is noted when kept resources are read, as it is of cached ones.</summary>
    public bool NotesReadsOfKept { get; init; }

    /// <summary>Bytes a second that are read for it at most; 0 is none.</summary>
    public long ScrubBytesPerSecondMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Whether there is an object store under the node, into which what is kept is put.</summary>
    public bool IsBacked { get; init; }

    /// <summary>How long what was fetched waits to be put there: by then the node at which it was put has, and there is nothing to
    /// do.</summary>
    public TimeSpan BackingDelay { get; init; } = TimeSpan.FromMinutes(1);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called before every change on disk; a test throws from it to stop the store dead, or an
    /// <see cref="IOException"/> as the system would.</summary>
    public Action<string>? BeforeStep { get; init; }

    /// <summary>In place of the system's calls, for tests.</summary>
    public StoreDisk? Disk { get; init; }

    /// <summary>Which run of the machine this is; see <see cref="Store.BootId"/>.</summary>
    public string BootId { get; init; } = Store.BootId.Current;

    /// <summary>In place of the disk's own figures, for tests.</summary>
    public DiskSpace? Space { get; init; }

    /// <summary>Memory for block encoders: enough for the blocks that a few dozen subscribers are at, small beside the 400 MB that a
    /// whole process may use.</summary>
    public long EncoderBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long the tombstone of a deleted resource is kept: longer than a node is thought to stay away and come back with the
    /// old version.</summary>
    public TimeSpan TombstoneLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of a block of a new resource of some length; the most there may be when the length is not known.</summary>
    public int BlockBytesOf(long? length) => BlockSize > 0 ? BlockSize : ResourceLayout.AutoBlockBytes(length ?? long.MaxValue, SymbolSize);

    /// <summary>Whether a new resource of some length begins with small blocks: where no size was set, but for the last few MiB that a
    /// manifest can name. What is not longer than one of them has only one anyway.</summary>
    public bool BlocksGrow(long? length) => BlockSize == 0 && BlockBytesOf(length) is var blockBytes
        && ResourceLayout.MayGrow(blockBytes) && (length ?? 0) <= ResourceLayout.LengthMaxOf(blockBytes, SymbolSize, isGrowing: true);

    /// <summary>The layout of a new resource; false when it is too long for one.</summary>
    public bool TryLayOut(long length, [NotNullWhen(true)] out ResourceLayout? layout)
    {
        var isGrowing = length > ResourceLayout.FirstBlockBytes && BlocksGrow(length);
        return ResourceLayout.TryCreate(length, BlockBytesOf(length), SymbolSize, isGrowing, out layout);
    }

    /// <summary>Whether what is here in part is rained.</summary>
    public bool RainsPartials { get; init; } = true;

    /// <summary>How long a version that was replaced is still rained for those who are in the middle of it, after its last use.</summary>
    public TimeSpan SupersededLifetime { get; init; } = TimeSpan.FromSeconds(30);
}
