using PouringRain.Protocol;
using PouringRain.Protocol.Sealing;

namespace Simulation;

/// <summary>Seals what a host sends and opens what it receives, as the socket of a real one does.</summary>
public sealed class SimSeal : IDisposable
{
    private readonly byte[] _secret;
    private readonly byte[] _sealed = new byte[2048];
    private readonly byte[] _opened = new byte[2048];
    private DatagramSealer _sealer;
    private DatagramOpener _opener;

    public SimSeal(byte[] secret, SimRandom random)
    {
        _secret = secret;
        (_sealer, _opener) = Create(random);
    }

    /// <summary>A new process has a new sender id and remembers no peer.</summary>
    public void Restart(SimRandom random)
    {
        Dispose();
        (_sealer, _opener) = Create(random);
    }

    public ReadOnlySpan<byte> Seal(ReadOnlySpan<byte> datagram)
    {
        // Sealing uses the datagram up.
        Span<byte> plain = stackalloc byte[datagram.Length];
        datagram.CopyTo(plain);
        return _sealed.AsSpan(0, _sealer.Seal(plain, _sealed));
    }

    public bool TryOpen(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> opened)
    {
        var outcome = _opener.TryOpen(now, from, datagram, _opened, out var length);
        opened = _opened.AsSpan(0, length);
        return outcome == OpenOutcome.Opened;
    }

    public void Dispose()
    {
        _sealer.Dispose();
        _opener.Dispose();
    }

    private (DatagramSealer Sealer, DatagramOpener Opener) Create(SimRandom random)
    {
        var senderId = new byte[SealedFormat.SenderIdBytes];
        random.Fill(senderId);
        return (new DatagramSealer(_secret, senderId), new DatagramOpener(_secret));
    }
}
