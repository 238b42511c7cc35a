namespace PouringRain.Protocol.Classic;

/// <summary>Every way a fetch in format 1 can end.</summary>
public enum ClassicFetchEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The bytes are here.</summary>
    Completed,

    /// <summary>The server was silent, which in format 1 is also how it says that it does not have the resource.</summary>
    Silent,

    /// <summary>Far more droplets came than any resource needs, without making one.</summary>
    Undecodable,

    /// <summary>The owner ended it.</summary>
    Cancelled,
}

/// <summary>
/// The fetching side of wire format 1: one resource from one server. Servers of 2012 stream from another socket than the one they listen
/// on, so droplets are taken from every port of the server's address. Nothing in that format can be verified; the bytes are as good
/// as the network between. Memory is bounded by one resource. Sans-I/O, with the contract of <see cref="Fetch"/>; after the end,
/// <see cref="TryPollTransmit"/> still has the UNSUBSCRIBE.
/// </summary>
public sealed class ClassicFetch
{
    /// <summary>The silence after which the clients of 2012 gave up.</summary>
    public static readonly TimeSpan DefaultSilence = TimeSpan.FromSeconds(1);

    /// <summary>How often a SUBSCRIBE is repeated while droplets come; servers forget after five seconds.</summary>
    public static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(4);

    /// <summary>Droplets after which a fetch gives up: decodings of this code need 91 on average and 140 at worst.</summary>
    private const int DropletCountMax = 64 * 64;

    private readonly ResourceId _resource;
    private readonly PeerAddress _server;
    private readonly TimeSpan _silence;
    private ClassicDecoder? _decoder;
    private Instant _silentAt;
    private Instant _nextSubscribe;
    private bool _unsubscribePending;

    /// <summary>Makes a fetch; nothing happens before the first poll.</summary>
    public ClassicFetch(ResourceId resource, PeerAddress server, TimeSpan silence, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(silence, TimeSpan.Zero);
        _resource = resource;
        _server = server;
        _silence = silence;
        _silentAt = now + silence;
        _nextSubscribe = now;
    }

    /// <summary>How it ended.</summary>
    public ClassicFetchEnd End { get; private set; }

    /// <summary>The resource, once <see cref="End"/> is <see cref="ClassicFetchEnd.Completed"/>.</summary>
    public byte[]? Result { get; private set; }

    /// <summary>Droplets that came and fitted.</summary>
    public int DropletCount { get; private set; }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout => End == ClassicFetchEnd.None ? Instant.Min(_silentAt, _nextSubscribe) : Instant.Never;

    /// <summary>Takes one datagram; any bytes at all. What is not a droplet of this resource from the server's address, or says another
    /// length than the first one did, is ignored as if it had not come.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (End != ClassicFetchEnd.None || !from.HasAddressOf(_server) || !ClassicFormat.TryParseDroplet(datagram, out var droplet)
            || droplet.Resource != _resource || (_decoder is not null && _decoder.DataLength != droplet.DataLength))
        {
            return;
        }

        if (_decoder is null)
        {
            _decoder = new ClassicDecoder(droplet.DataLength);
            _nextSubscribe = now + RenewInterval;
        }

        DropletCount++;
        _silentAt = now + _silence;
        _decoder.Add(droplet.Key, datagram[ClassicFormat.DropletHeaderBytes..]);
        if (_decoder.Rank == ClassicFormat.SymbolCount)
        {
            Result = _decoder.Solve();
            Finish(ClassicFetchEnd.Completed);
        }
        else if (DropletCount == DropletCountMax)
        {
            Finish(ClassicFetchEnd.Undecodable);
        }
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (End == ClassicFetchEnd.None && now >= _silentAt)
        {
            Finish(ClassicFetchEnd.Silent);
        }

        if (_unsubscribePending)
        {
            _unsubscribePending = false;
            transmit = Write(ClassicMessageType.Unsubscribe, buffer);
            return true;
        }

        if (End != ClassicFetchEnd.None || now < _nextSubscribe)
        {
            return false;
        }

        // Until a droplet comes, the SUBSCRIBE may have been lost: asking again within the same silence costs nothing.
        _nextSubscribe = now + (_decoder is null ? _silence / 4 : RenewInterval);
        transmit = Write(ClassicMessageType.Subscribe, buffer);
        return true;
    }

    /// <summary>Ends the fetch; UNSUBSCRIBE is still to be polled.</summary>
    public void Cancel()
    {
        if (End == ClassicFetchEnd.None)
        {
            Finish(ClassicFetchEnd.Cancelled);
        }
    }

    private void Finish(ClassicFetchEnd end)
    {
        End = end;
        _decoder = null;
        _unsubscribePending = true;
    }

    private Transmit Write(ClassicMessageType type, Span<byte> buffer)
    {
        var length = ClassicFormat.Write(new ClassicMessage(type, _resource, 0), buffer);
        return new Transmit(_server, length, length);
    }
}
