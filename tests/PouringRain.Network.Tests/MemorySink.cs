using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>Keeps a fetched resource in memory.</summary>
internal sealed class MemorySink : IFetchSink
{
    private int _blocks;

    public Manifest? Manifest { get; private set; }

    public byte[] Bytes { get; private set; } = [];

    public int Blocks => Volatile.Read(ref _blocks);

    /// <summary>Called before a block is kept.</summary>
    public Action<int>? BeforeBlock { get; init; }

    /// <summary>Called when the manifest comes.</summary>
    public Action? BeforeManifest { get; init; }

    /// <summary>What is said to be held already; null when no block is wanted.</summary>
    public ulong[]? Held { get; init; } = [];

    public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest)
    {
        BeforeManifest?.Invoke();
        Manifest = manifest;
        Bytes = new byte[manifest.Layout.Length];
        return Held is { } held ? (ReadOnlyMemory<ulong>?)held : (ReadOnlyMemory<ulong>?)null;
    }

    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
    {
        BeforeBlock?.Invoke(blockIndex);
        block.CopyTo(Bytes.AsSpan((int)Manifest!.Layout.OffsetOf(blockIndex)));
        Interlocked.Increment(ref _blocks);
    }

    public void OnSourceEvent(FetchEvent fetchEvent)
    {
    }
}
