using System.Globalization;

namespace Gateway.Http;

/// <summary>A run of bytes of a resource.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many, at least 1.</param>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>The last byte.</summary>
    public long Last => Offset + Length - 1;

    /// <summary>The value of Content-Range for this part (RFC 9110 §14.4).</summary>
    /// <param name="length">Bytes of the whole.</param>
    public string ToContentRange(long length) => string.Create(CultureInfo.InvariantCulture, $"bytes {Offset}-{Last}/{length}");

    /// <summary>The value of Content-Range where no part is as asked for.</summary>
    /// <param name="length">Bytes of the whole.</param>
    public static string ContentRangeOfNone(long length) => string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
}
