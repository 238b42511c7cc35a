using PouringRain.Coding;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>A resource as long as wanted in the memory of one block: every block of it is the same.</summary>
public sealed class SimEndless : IRainContent
{
    private const int BlockBytes = 1 << 20, SymbolSize = 1408;
    private readonly IBlockEncoder _encoder, _smallEncoder;

    /// <summary>Makes one.</summary>
    /// <param name="blocks">Blocks of 1 MiB.</param>
    public SimEndless(int blocks)
    {
        var block = new byte[BlockBytes];
        new SimRandom(3).Fill(block);
        ResourceLayout.TryCreate((long)blocks * BlockBytes, BlockBytes, SymbolSize, out var layout);
        var digests = new BlockDigest[blocks];
        digests.AsSpan().Fill(BlockDigest.Of(BlockDigestAlgorithm.Blake3, block));
        Manifest = Manifest.Create(layout!, "raptorq", 1, default, "application/octet-stream", null, digests);
        FountainCodes.TryGet("raptorq", out var code);

        // A systematic code whose symbols do not depend on the block's number: one encoder does for all.
        _encoder = code!.CreateEncoder(layout!.SymbolsOf(0), SymbolSize);
        _encoder.Begin(0, block);
        var small = Manifest.SmallLayout;
        _smallEncoder = code.CreateEncoder(small.SymbolsOf(0), small.SymbolSize);
        _smallEncoder.Begin(0, block);
    }

    public Manifest Manifest { get; }

    public bool IsComplete => true;

    public bool HasBlock(int blockIndex) => true;

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
    {
        (destination.Length == SymbolSize ? _encoder : _smallEncoder).Encode(esi, destination);
        return SymbolReadResult.Ok;
    }
}
