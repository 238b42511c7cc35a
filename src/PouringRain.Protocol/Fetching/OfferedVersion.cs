using System.Text;
using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>A version as a server offered it: what is known before its manifest is there, and not to be trusted before.</summary>
internal sealed class OfferedVersion
{
    private OfferedVersion(Sha256Digest version, long stamp, ResourceLayout layout, int manifestBytes, IFountainCode code)
    {
        Version = version;
        Stamp = stamp;
        Layout = layout;
        ManifestBytes = manifestBytes;
        Code = code;
        Tag = DropletMessage.TagOf(version);
        SmallLayout = layout.WithSmallSymbols(manifestBytes);
    }

    public Sha256Digest Version { get; }

    public long Stamp { get; }

    public ResourceLayout Layout { get; }

    /// <summary>The same blocks in small symbols; <see cref="Layout"/> itself when its symbols are small.</summary>
    public ResourceLayout SmallLayout { get; }

    public int ManifestBytes { get; }

    public IFountainCode Code { get; }

    public uint Tag { get; }

    public uint EsiMax => Math.Min(Code.EncodingSymbolIdMax, RequestItem.EsiMax);

    /// <summary>Makes sense of an offer, or says that it makes none or that its code is not known here.</summary>
    public static OfferedVersion? From(in OfferMessage offer, ReadOnlySpan<byte> codeName)
    {
        Span<char> name = stackalloc char[Manifest.CodeBytesMax];
        if (!Encoding.UTF8.TryGetChars(codeName, name, out var count)
            || !FountainCodes.TryGet(name[..count].ToString(), out var code)
            || !ResourceLayout.TryCreateTold(offer.Length, offer.BlockBytes, offer.SymbolSize, out var layout))
        {
            return null;
        }

        var digestBytes = (long)layout.BlockCount * BlockDigest.SizeBytes;
        var symbolCountMax = Math.Min(code.SymbolCountMax, ResourceLayout.SymbolCountMax);
        return offer.ManifestBytes < Manifest.HeadBytesMin + digestBytes || offer.ManifestBytes > Manifest.HeadBytesMax + digestBytes
            || (offer.ManifestBytes + layout.SymbolSize - 1) / layout.SymbolSize > symbolCountMax
            || (layout.BlockBytes + layout.SymbolSize - 1) / layout.SymbolSize > symbolCountMax
            ? null
            : new OfferedVersion(offer.Version, offer.Stamp, layout, offer.ManifestBytes, code);
    }

    /// <summary>Whether two sources say the same: one that tells another stamp or layout of a version than the rest tells of something
    /// else, and must not be mixed with them, for one of the two does not tell the truth.</summary>
    public bool IsSameAs(OfferedVersion? other) =>
        other is not null && Version == other.Version && Stamp == other.Stamp && Layout == other.Layout
        && ManifestBytes == other.ManifestBytes && Code == other.Code;

    public bool IsNewerThan(OfferedVersion other) => Stamp != other.Stamp ? Stamp > other.Stamp : Version > other.Version;
}
