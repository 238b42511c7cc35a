namespace Gateway.Http;

/// <summary>A run of bytes of a resource.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many, at least 1.</param>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>The last byte.</summary>
    public long Last => Offset + Length - 1;
}
