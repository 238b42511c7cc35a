using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PouringRain.Protocol.Sealing;

/// <summary>Seals what one socket sends; see <see cref="SealedFormat"/>. Not thread-safe.</summary>
public sealed class DatagramSealer : IDisposable
{
    private readonly byte[] _senderId;
    private readonly AesGcm _cipher;
    private ulong _fullCount;
    private ulong _compactCount;

    /// <summary>Makes a sealer.</summary>
    /// <param name="secret">The cluster's secret, as bytes.</param>
    /// <param name="senderId">16 bytes from a cryptographic random source, drawn anew at every start: two sealers with one id and one
    /// secret would break the seal.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public DatagramSealer(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> senderId)
    {
        if (secret.IsEmpty || senderId.Length != SealedFormat.SenderIdBytes)
        {
            throw new ArgumentException("A secret and a sender id of 16 bytes are needed.");
        }

        _senderId = senderId.ToArray();
        _cipher = SealedFormat.CreateCipher(secret, senderId);
    }

    /// <summary>The length of <paramref name="datagram"/> once sealed.</summary>
    public static int SealedLength(ReadOnlySpan<byte> datagram) =>
        datagram.Length + (IsDroplet(datagram) ? SealedFormat.CompactOverhead : SealedFormat.FullOverhead);

    /// <summary>Seals one datagram of format 2.</summary>
    /// <param name="datagram">The datagram as the state machines made it; its first bytes are scratch afterwards.</param>
    /// <param name="destination">At least <see cref="SealedLength"/> bytes that do not overlap it.</param>
    /// <returns>The sealed length.</returns>
    public int Seal(Span<byte> datagram, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[SealedFormat.NonceBytes];
        destination = destination[..SealedLength(datagram)];
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)destination.Length);
        if (IsDroplet(datagram))
        {
            var counter = ++_compactCount;
            destination[0] = SealedFormat.CompactMark;
            WireFormat.WriteUInt24(destination[3..], (uint)counter & 0xFF_FFFF);
            WriteNonce(nonce, SealedFormat.CompactForm, counter);

            // The header moves up over T, so that it and the symbol are one piece without it.
            datagram[2..(WireFormat.DropletHeaderBytes - 2)].CopyTo(datagram[4..]);
            Encrypt(nonce, datagram[SealedFormat.DroppedBytes..], destination, SealedFormat.CompactHeaderBytes, []);
        }
        else
        {
            var counter = ++_fullCount;
            destination[0] = SealedFormat.FullMark;
            _senderId.CopyTo(destination[3..]);
            BinaryPrimitives.WriteUInt64BigEndian(destination[19..], counter);
            BinaryPrimitives.WriteUInt64BigEndian(destination[27..], _compactCount);
            WriteNonce(nonce, SealedFormat.FullForm, counter);
            Encrypt(nonce, datagram, destination, SealedFormat.FullHeaderBytes, destination[..SealedFormat.FullHeaderBytes]);
        }

        return destination.Length;
    }

    /// <summary>Whether all these datagrams are droplets, as <see cref="SealTogether"/> wants them.</summary>
    /// <param name="datagrams">One after the other, each of <paramref name="length"/> bytes but for the last.</param>
    /// <param name="length">Bytes of one.</param>
    public static bool AreDroplets(ReadOnlySpan<byte> datagrams, int length)
    {
        for (; !datagrams.IsEmpty; datagrams = datagrams[Math.Min(length, datagrams.Length)..])
        {
            if (!IsDroplet(datagrams[..Math.Min(length, datagrams.Length)]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Seals droplets into one datagram, for a path that takes it.</summary>
    /// <param name="droplets">Whole droplets, one after the other; they stay as they are.</param>
    /// <param name="destination">At least <see cref="SealedFormat.TogetherOverhead"/> bytes more, that do not overlap them.</param>
    /// <returns>The sealed length.</returns>
    public int SealTogether(ReadOnlySpan<byte> droplets, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[SealedFormat.NonceBytes];
        destination = destination[..(droplets.Length + SealedFormat.TogetherOverhead)];
        destination[0] = SealedFormat.TogetherMark;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], checked((ushort)destination.Length));
        var counter = ++_compactCount;
        WireFormat.WriteUInt24(destination[3..], (uint)counter & 0xFF_FFFF);
        WriteNonce(nonce, SealedFormat.TogetherForm, counter);
        Encrypt(nonce, droplets, destination, SealedFormat.CompactHeaderBytes, []);
        return destination.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();

    internal static void WriteNonce(Span<byte> nonce, uint form, ulong counter)
    {
        BinaryPrimitives.WriteUInt32BigEndian(nonce, form);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], counter);
    }

    private static bool IsDroplet(ReadOnlySpan<byte> datagram) =>
        datagram.Length > WireFormat.DropletHeaderBytes && WireFormat.Is(datagram, MessageType.Droplet);

    private void Encrypt(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> destination, int headerBytes, ReadOnlySpan<byte> associated) =>
        _cipher.Encrypt(
            nonce, plain, destination[headerBytes..^SealedFormat.TagBytes], destination[^SealedFormat.TagBytes..], associated);
}
