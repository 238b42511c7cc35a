using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>What the catalog has of a resource that is here whole.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Manifest">Its newest version.</param>
/// <param name="Retention">Whether it is kept or cached.</param>
/// <param name="Blob">The file in <c>blobs/</c> that has its bytes; null when <paramref name="Body"/> does.</param>
/// <param name="Body">The bytes of a small one.</param>
/// <param name="LastReadUnixMs">When it was last read, in milliseconds of Unix time; kept up to date for cached ones only.</param>
internal sealed record CatalogRow(
    ResourceId Id, Manifest Manifest, Retention Retention, Sha256Digest? Blob, byte[]? Body, long LastReadUnixMs)
{
    /// <summary>The two words of the column <c>retention</c>.</summary>
    public const string Kept = "kept", Cached = "cached";

    /// <summary>The coding in whose pieces its bytes are, wherever those are; null when they are here.</summary>
    public string? Coding { get; init; }

    /// <summary>The column <c>retention</c>.</summary>
    public string RetentionWord => WordOf(Retention);

    /// <summary>The word for a retention.</summary>
    public static string WordOf(Retention retention) => retention == Retention.Kept ? Kept : Cached;

    /// <summary>What names are ordered and searched by.</summary>
    public static string NameKeyOf(string? fileName) => fileName?.ToLowerInvariant() ?? "";
}
