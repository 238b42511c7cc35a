using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>Cuts requests to what a version can give: the blocks there are, and the ESIs its code knows. Client and server cut a
/// guessed request alike.</summary>
internal readonly struct ServedLayout
{
    private readonly ResourceLayout _layout;
    private readonly IFountainCode _code;
    private readonly int _manifestSymbols;

    public ServedLayout(ResourceLayout layout, IFountainCode code, int manifestBytes)
    {
        _layout = layout;
        _code = code;
        _manifestSymbols = (manifestBytes + layout.SymbolSize - 1) / layout.SymbolSize;
    }

    public RequestItem Clamp(RequestItem item, bool isGuess)
    {
        int symbolCount;
        if (item.BlockNumber == WireFormat.ManifestBlockNumber)
        {
            symbolCount = _manifestSymbols;
        }
        else if (item.BlockNumber < (uint)_layout.BlockCount)
        {
            symbolCount = _layout.SymbolsOf((int)item.BlockNumber);
        }
        else
        {
            return item with { Count = 0 };
        }

        var limit = Math.Min(_code.EncodingSymbolIdMax, RequestItem.EsiMax) + 1;
        return item.Below(isGuess ? Math.Min(limit, (uint)_code.SymbolsToRequest(symbolCount)) : limit);
    }
}
