using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>Makes the encoding symbols of manifests. Source symbols of a systematic code are cut from the bytes; for the rest it keeps
/// a few encoders, the one least recently used giving way.</summary>
internal sealed class ManifestRain
{
    private const int EncoderCountMax = 16;
    private readonly List<(Sha256Digest Version, int SymbolSize, IBlockEncoder Encoder)> _encoders = [];

    /// <summary>Whether a manifest can be rained: its code is known and its symbols are not too many.</summary>
    public static bool CanRain(Manifest manifest, out IFountainCode? code) =>
        FountainCodes.TryGet(manifest.Code, out code) && SymbolsOf(manifest, manifest.Layout.SymbolSize) <= code.SymbolCountMax;

    /// <summary>Writes one symbol, as long as there is room for: that is T.</summary>
    public void Write(Manifest manifest, IFountainCode code, uint esi, Span<byte> symbol)
    {
        var symbolSize = symbol.Length;
        var symbolCount = SymbolsOf(manifest, symbolSize);
        if (code.IsSystematic && esi < symbolCount)
        {
            var bytes = manifest.Bytes.Span[((int)esi * symbolSize)..];
            bytes = bytes[..Math.Min(symbolSize, bytes.Length)];
            bytes.CopyTo(symbol);
            symbol[bytes.Length..].Clear();
            return;
        }

        EncoderOf(manifest, code, symbolCount, symbolSize).Encode(esi, symbol);
    }

    private static int SymbolsOf(Manifest manifest, int symbolSize) => (manifest.Bytes.Length + symbolSize - 1) / symbolSize;

    private IBlockEncoder EncoderOf(Manifest manifest, IFountainCode code, int symbolCount, int symbolSize)
    {
        for (var i = _encoders.Count - 1; i >= 0; i--)
        {
            var entry = _encoders[i];
            if (entry.Version == manifest.Version && entry.SymbolSize == symbolSize)
            {
                if (i != _encoders.Count - 1)
                {
                    _encoders.RemoveAt(i);
                    _encoders.Add(entry);
                }

                return entry.Encoder;
            }
        }

        if (_encoders.Count == EncoderCountMax)
        {
            _encoders[0].Encoder.Dispose();
            _encoders.RemoveAt(0);
        }

        var encoder = code.CreateEncoder(symbolCount, symbolSize);
        encoder.Begin(WireFormat.ManifestBlockNumber, manifest.Bytes);
        _encoders.Add((manifest.Version, symbolSize, encoder));
        return encoder;
    }
}
