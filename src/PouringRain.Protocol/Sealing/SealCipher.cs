using System.Security.Cryptography;

namespace PouringRain.Protocol.Sealing;

/// <summary>AES-256-GCM (NIST SP 800-38D) under one key, with nonces of 12 bytes and tags of 16. Not thread-safe.</summary>
internal abstract class SealCipher : IDisposable
{
    public const int KeyBytes = 32, NonceBytes = 12, TagBytes = 16;

    /// <summary>The fastest that this processor can do.</summary>
    /// <param name="key">32 bytes.</param>
    public static SealCipher Create(ReadOnlySpan<byte> key) => X86SealCipher.IsSupported ? new X86SealCipher(key) : new SystemSealCipher(key);

    /// <summary>Encrypts and authenticates.</summary>
    /// <param name="nonce">12 bytes, never used before under this key.</param>
    /// <param name="associated">What is authenticated beside it.</param>
    /// <param name="plain">What is encrypted.</param>
    /// <param name="sealedBytes">As long; memory of its own.</param>
    /// <param name="tag">Where 16 bytes go.</param>
    public abstract void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plain, Span<byte> sealedBytes, Span<byte> tag);

    /// <summary>Decrypts, into memory of its own; false, and nothing in <paramref name="plain"/>, when it is not what was sealed.</summary>
    public abstract bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> tag, Span<byte> plain);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The system's own.</summary>
internal sealed class SystemSealCipher(ReadOnlySpan<byte> key) : SealCipher
{
    private readonly AesGcm _cipher = new(key, TagBytes);

    public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plain, Span<byte> sealedBytes, Span<byte> tag) =>
        _cipher.Encrypt(nonce, plain, sealedBytes, tag, associated);

    public override bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> tag, Span<byte> plain)
    {
        try
        {
            _cipher.Decrypt(nonce, sealedBytes, tag, plain, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            // The only way that .NET says it. Costs microseconds, which a flood of forgeries can make a listener pay; not more.
            return false;
        }
    }

    public override void Dispose() => _cipher.Dispose();
}
