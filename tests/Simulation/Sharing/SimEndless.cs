using PouringRain.Coding;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>A resource as long as wanted in the memory of one block: every block of it is how that block begins.</summary>
public sealed class SimEndless : IRainContent
{
    private const int LargestBlockBytes = 1 << 20, SymbolSize = 1408;

    // A systematic code whose symbols do not depend on the block's number: one encoder does for all blocks of a length.
    private readonly Dictionary<(int Bytes, int SymbolSize), IBlockEncoder> _encoders = [];
    private readonly byte[] _block = new byte[LargestBlockBytes];

    /// <summary>Makes one.</summary>
    /// <param name="length">Its bytes.</param>
    /// <param name="blockBytes">Bytes of a block, 1 MiB at most.</param>
    /// <param name="isGrowing">Whether the first blocks are small.</param>
    public SimEndless(long length, int blockBytes = LargestBlockBytes, bool isGrowing = false)
    {
        new SimRandom(3).Fill(_block);
        ResourceLayout.TryCreate(length, blockBytes, SymbolSize, isGrowing, out var layout);
        var digests = new BlockDigest[layout!.BlockCount];
        var byBytes = new Dictionary<int, BlockDigest>();
        for (var i = 0; i < digests.Length; i++)
        {
            var bytes = layout.BytesOf(i);
            if (!byBytes.TryGetValue(bytes, out digests[i]))
            {
                byBytes[bytes] = digests[i] = BlockDigest.Of(BlockDigestAlgorithm.Blake3, _block.AsSpan(0, bytes));
            }
        }

        Manifest = Manifest.Create(layout, "raptorq", 1, default, "application/octet-stream", null, digests);
    }

    public Manifest Manifest { get; }

    public bool IsComplete => true;

    public bool HasBlock(int blockIndex) => true;

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
    {
        var bytes = Manifest.Layout.BytesOf(blockIndex);
        if (!_encoders.TryGetValue((bytes, destination.Length), out var encoder))
        {
            FountainCodes.TryGet("raptorq", out var code);
            encoder = code!.CreateEncoder((bytes + destination.Length - 1) / destination.Length, destination.Length);
            encoder.Begin(0, _block.AsMemory(0, bytes));
            _encoders[(bytes, destination.Length)] = encoder;
        }

        encoder.Encode(esi, destination);
        return SymbolReadResult.Ok;
    }
}
