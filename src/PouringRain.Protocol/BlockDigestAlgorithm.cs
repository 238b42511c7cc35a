namespace PouringRain.Protocol;

/// <summary>What the digests of a manifest's blocks are made with; the numbers are those of the encoded manifest, never used again for
/// something else. All of them have 32 bytes.</summary>
public enum BlockDigestAlgorithm : byte
{
    /// <summary>SHA-256 (FIPS 180-4).</summary>
    Sha256 = 1,

    /// <summary>BLAKE3 with its default 256 bits of output; what new versions have.</summary>
    Blake3 = 2,
}
