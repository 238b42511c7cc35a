using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>Decoders and block memory of one fetch, used again from block to block. What is not of the common size is not kept, and
/// no more are kept than the window has blocks.</summary>
internal sealed class BlockPool : IDisposable
{
    private readonly Stack<(IBlockDecoder Decoder, byte[] Memory)> _kept = new();
    private readonly IFountainCode _code;
    private readonly int _symbolSize;
    private readonly int _commonSymbolCount;
    private bool _isDisposed;

    public BlockPool(IFountainCode code, int symbolSize, int commonSymbolCount)
    {
        _code = code;
        _symbolSize = symbolSize;
        _commonSymbolCount = commonSymbolCount;
    }

    public (IBlockDecoder Decoder, byte[] Memory) Rent(int symbolCount)
    {
        if (symbolCount == _commonSymbolCount && _kept.TryPop(out var kept))
        {
            return kept;
        }

        // Uninitialised: every byte is written by the decoder before anyone reads it.
        return (_code.CreateDecoder(symbolCount, _symbolSize), GC.AllocateUninitializedArray<byte>(checked(symbolCount * _symbolSize)));
    }

    public void Return(IBlockDecoder decoder, byte[] memory)
    {
        if (_isDisposed || decoder.SymbolCount != _commonSymbolCount || decoder.SymbolSize != _symbolSize)
        {
            decoder.Dispose();
            return;
        }

        _kept.Push((decoder, memory));
    }

    public void Dispose()
    {
        _isDisposed = true;
        while (_kept.TryPop(out var kept))
        {
            kept.Decoder.Dispose();
        }
    }
}
