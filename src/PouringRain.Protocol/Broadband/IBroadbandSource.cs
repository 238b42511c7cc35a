namespace PouringRain.Protocol.Broadband;

/// <summary>What a <see cref="BroadbandServer"/> streams; it must not change meanwhile.</summary>
public interface IBroadbandSource
{
    /// <summary>Bytes.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> with what stands at <paramref name="offset"/>; all of it is below
    /// <see cref="Length"/>.</summary>
    void Read(long offset, Span<byte> destination);
}
