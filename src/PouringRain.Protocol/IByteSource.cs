namespace PouringRain.Protocol;

/// <summary>Bytes that are sent, wherever they are; they must not change meanwhile.</summary>
public interface IByteSource
{
    /// <summary>Bytes.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> with what stands at <paramref name="offset"/>; all of it is below
    /// <see cref="Length"/>.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    void Read(long offset, Span<byte> destination);
}
