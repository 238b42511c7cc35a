namespace PouringRain.Protocol;

/// <summary>The decoding and verification of one block; pure work on memory of its own.</summary>
public sealed class BlockWork
{
    private readonly CollectingBlock _block;
    private readonly BlockDigestAlgorithm _algorithm;
    private readonly BlockDigest _expected;

    internal BlockWork(CollectingBlock block, BlockDigestAlgorithm algorithm, BlockDigest expected)
    {
        _block = block;
        _algorithm = algorithm;
        _expected = expected;
    }

    /// <summary>The SBN.</summary>
    public int BlockIndex => _block.Index;

    /// <summary>The block without padding, valid between <see cref="Run"/> and <see cref="Fetch.CompleteWork"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _block.Memory.AsMemory(0, _block.Bytes);

    /// <summary>Whether the block was decoded and its digest is the manifest's.</summary>
    public bool IsVerified { get; private set; }

    internal CollectingBlock Block => _block;

    internal bool IsDecoded { get; private set; }

    /// <summary>Decodes and verifies; on any thread, once.</summary>
    public void Run()
    {
        Decode();
        Verify();
    }

    /// <summary>The first half of <see cref="Run"/>, for who measures them.</summary>
    public void Decode() => IsDecoded = _block.Decoder!.IsDecoded || _block.Decoder.TryDecode();

    /// <summary>The second half of <see cref="Run"/>.</summary>
    public void Verify() =>
        IsVerified = IsDecoded && BlockDigest.Of(_algorithm, _block.Memory.AsSpan(0, _block.Bytes)) == _expected;
}
