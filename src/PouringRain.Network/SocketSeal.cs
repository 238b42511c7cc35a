using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Sealing;

namespace PouringRain.Network;

/// <summary>Seals what one socket sends and opens what it receives, in buffers of its own. Not thread-safe.</summary>
internal sealed class SocketSeal : IDisposable
{
    /// <summary>The longest datagram made of several: a loopback takes packets of 65,536 bytes, headers included.</summary>
    private const int LongBytesMax = 65_400;

    private readonly DatagramSealer _sealer;
    private readonly DatagramOpener _opener;
    private readonly SealAccount _account;
    private readonly IPEndPoint _localEndPoint;
    private readonly ILogger _logger;
    private readonly byte[] _sealed = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
    private readonly byte[] _opened = GC.AllocateArray<byte>(DatagramSocket.BufferBytes, pinned: true);

    public SocketSeal(SealSettings settings, IPEndPoint localEndPoint, ILogger logger)
    {
        // The sender id is the key's epoch: it must never come again.
        _sealer = new DatagramSealer(settings.Secret.Span, RandomNumberGenerator.GetBytes(SealedFormat.SenderIdBytes));
        _opener = new DatagramOpener(settings.Accepted);
        _account = settings.Account;
        _localEndPoint = localEndPoint;
        _logger = logger;
    }

    /// <summary>Seals datagrams that follow each other, as many as one send call takes.</summary>
    /// <param name="datagrams">At least one, each of <paramref name="segmentSize"/> bytes but for the last; scratch afterwards.</param>
    /// <param name="segmentSize">Bytes of one.</param>
    /// <param name="burst">They are sealed here, all of equal length but for the last.</param>
    /// <param name="burstSegmentSize">Bytes of a sealed one.</param>
    /// <returns>The bytes of <paramref name="datagrams"/> that were taken.</returns>
    public int Seal(Span<byte> datagrams, int segmentSize, out ReadOnlySpan<byte> burst, out int burstSegmentSize)
    {
        var taken = 0;
        var length = 0;
        burstSegmentSize = 0;
        while (taken < datagrams.Length)
        {
            var datagram = datagrams.Slice(taken, Math.Min(segmentSize, datagrams.Length - taken));
            var sealedLength = DatagramSealer.SealedLength(datagram);
            if (length > 0 && (sealedLength > burstSegmentSize || length + sealedLength > _sealed.Length))
            {
                break;
            }

            length += _sealer.Seal(datagram, _sealed.AsSpan(length));
            taken += datagram.Length;
            burstSegmentSize = burstSegmentSize == 0 ? sealedLength : burstSegmentSize;
            if (sealedLength < burstSegmentSize)
            {
                // Only the last may be shorter.
                break;
            }
        }

        burst = _sealed.AsSpan(0, length);
        return taken;
    }

    /// <summary>Seals several droplets into one long datagram; false when they are not several, or not droplets. Whatever it answers, they
    /// stay as they are.</summary>
    /// <param name="datagrams">Each of <paramref name="segmentSize"/> bytes but for the last.</param>
    /// <param name="segmentSize">Bytes of one.</param>
    /// <param name="taken">The bytes of <paramref name="datagrams"/> that were taken.</param>
    /// <param name="datagram">They are sealed here.</param>
    public bool TrySealTogether(ReadOnlySpan<byte> datagrams, int segmentSize, out int taken, out ReadOnlySpan<byte> datagram)
    {
        taken = Math.Min(datagrams.Length, (LongBytesMax - SealedFormat.TogetherOverhead) / segmentSize * segmentSize);
        datagram = default;
        if (taken <= segmentSize || !DatagramSealer.AreDroplets(datagrams[..taken], segmentSize))
        {
            return false;
        }

        datagram = _sealed.AsSpan(0, _sealer.SealTogether(datagrams[..taken], _sealed));
        return true;
    }

    /// <summary>Opens one datagram; false when it is to be dropped.</summary>
    public bool TryOpen(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> opened)
    {
        var outcome = _opener.TryOpen(now, from, datagram, _opened, out var length);
        opened = _opened.AsSpan(0, length);
        if (outcome != OpenOutcome.Opened)
        {
            _account.Note(outcome);
            Warn(now, from, datagram, outcome);
        }

        return outcome == OpenOutcome.Opened;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sealer.Dispose();
        _opener.Dispose();
    }

    private void Warn(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, OpenOutcome outcome)
    {
        if (outcome == OpenOutcome.NotSealed)
        {
            if (_account.TryWarn(now))
            {
                Log.DatagramsNotSealed(_logger, from, _localEndPoint, _account.RefusedCount);
            }
        }
        else if (outcome is OpenOutcome.Refused or OpenOutcome.TooManyStrangers && !SealedFormat.IsDroplet(datagram)
            && _account.TryWarn(now))
        {
            // Not of droplets: those of a peer that was just started again may overtake the datagram that shows its new key.
            Log.DatagramsRefused(_logger, from, _localEndPoint, _account.RefusedCount);
        }
    }
}
