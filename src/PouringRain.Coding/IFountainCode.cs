namespace PouringRain.Coding;

/// <summary>
/// A fountain code: turns a source block of K symbols into any number of encoding symbols, and any sufficient set of these
/// back into the block. Implementations are stateless and safe for use by many threads; the encoders and decoders they make
/// carry the state of one block at a time and are reused from block to block.
/// </summary>
public interface IFountainCode
{
    /// <summary>The name by which manifests and <c>?code=</c> call it: <c>lt</c> or <c>raptorq</c>.</summary>
    string Name { get; }

    /// <summary>Whether the encoding symbols with ESI below K are the source symbols themselves.</summary>
    bool IsSystematic { get; }

    /// <summary>The most source symbols a block may have.</summary>
    int SymbolCountMax { get; }

    /// <summary>The largest encoding symbol identifier (2^24 - 1 for RFC 6330).</summary>
    uint EncodingSymbolIdMax { get; }

    /// <summary>How many encoding symbols a receiver does best to ask for at first: K for a systematic code on a net without
    /// losses, a little more for one that is not systematic.</summary>
    /// <param name="symbolCount">K, 1 to <see cref="SymbolCountMax"/>.</param>
    int SymbolsToRequest(int symbolCount);

    /// <summary>Makes an encoder for blocks of exactly <paramref name="symbolCount"/> symbols.</summary>
    /// <param name="symbolCount">K, 1 to <see cref="SymbolCountMax"/>.</param>
    /// <param name="symbolSize">T in bytes, 1 to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of its range.</exception>
    IBlockEncoder CreateEncoder(int symbolCount, int symbolSize);

    /// <summary>Makes a decoder for blocks of exactly <paramref name="symbolCount"/> symbols.</summary>
    /// <inheritdoc cref="CreateEncoder" path="/param"/>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of its range.</exception>
    IBlockDecoder CreateDecoder(int symbolCount, int symbolSize);
}

/// <summary>
/// Encodes one source block at a time. <see cref="Begin"/> does all that is done once a block; after it, <see cref="Encode"/>
/// only reads, and may be called by many threads at once. No call but the first <see cref="Begin"/> allocates.
/// </summary>
public interface IBlockEncoder : IDisposable
{
    /// <summary>K.</summary>
    int SymbolCount { get; }

    /// <summary>T in bytes.</summary>
    int SymbolSize { get; }

    /// <summary>Takes the next source block.</summary>
    /// <param name="sourceBlockNumber">The SBN, from which a code may derive its random choices.</param>
    /// <param name="sourceBlock">The bytes, borrowed until the next <see cref="Begin"/> or <see cref="IDisposable.Dispose"/>:
    /// more than (K-1)*T and at most K*T; the last symbol is padded with zeros.</param>
    /// <exception cref="ArgumentException">The length does not fit K and T.</exception>
    void Begin(uint sourceBlockNumber, ReadOnlyMemory<byte> sourceBlock);

    /// <summary>Writes the encoding symbol <paramref name="esi"/>.</summary>
    /// <param name="esi">0 to <see cref="IFountainCode.EncodingSymbolIdMax"/>.</param>
    /// <param name="destination">Exactly T bytes.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range.</exception>
    /// <exception cref="InvalidOperationException">No block was begun.</exception>
    void Encode(uint esi, Span<byte> destination);
}

/// <summary>
/// Decodes one source block at a time: <see cref="Begin"/>, then <see cref="Add"/> as symbols come in any order, and
/// <see cref="TryDecode"/> when <see cref="CanDecode"/> says that it is worth trying. Not thread-safe, but it may be handed
/// from thread to thread. Once warm, no call allocates.
/// </summary>
public interface IBlockDecoder : IDisposable
{
    /// <summary>K.</summary>
    int SymbolCount { get; }

    /// <summary>T in bytes.</summary>
    int SymbolSize { get; }

    /// <summary>Distinct symbols accepted since <see cref="Begin"/>.</summary>
    int ReceivedCount { get; }

    /// <summary>Whether enough has come that <see cref="TryDecode"/> is worth its cost. Cheap: counts only.</summary>
    bool CanDecode { get; }

    /// <summary>Whether <see cref="TryDecode"/> has succeeded for this block.</summary>
    bool IsDecoded { get; }

    /// <summary>An estimate of how many further distinct symbols are wanted, at least 1 until the block can be decoded, and after
    /// a <see cref="TryDecode"/> that failed; 0 when none are.</summary>
    int SymbolsWanted { get; }

    /// <summary>Starts a block, forgetting the one before.</summary>
    /// <param name="sourceBlockNumber">The SBN.</param>
    /// <param name="destination">Where the source block goes: exactly K*T bytes, lent until the block is decoded or another
    /// begun. Its contents are undefined until then; afterwards it holds the block and its zero padding.</param>
    /// <exception cref="ArgumentException">The length is not K*T.</exception>
    void Begin(uint sourceBlockNumber, Memory<byte> destination);

    /// <summary>Takes one encoding symbol; its bytes are copied. Anything may be given: what does not fit is refused by value.</summary>
    AddResult Add(uint esi, ReadOnlySpan<byte> symbol);

    /// <summary>Tries to solve the block into the destination. <see langword="false"/> means that more symbols are needed; all
    /// accepted so far are kept.</summary>
    bool TryDecode();
}

/// <summary>What became of a symbol given to <see cref="IBlockDecoder.Add"/>.</summary>
public enum AddResult
{
    /// <summary>It is new and was taken.</summary>
    Accepted,

    /// <summary>This ESI was taken before; the first copy stays.</summary>
    Duplicate,

    /// <summary>The block is decoded, or the decoder's bound on symbols is reached; it was not taken.</summary>
    NotNeeded,

    /// <summary>The ESI or the length is impossible; it was not taken.</summary>
    Invalid,
}
