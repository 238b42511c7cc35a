using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>What somebody forges on a group.</summary>
public enum Forgery
{
    /// <summary>Needs without a good token.</summary>
    Needs,

    /// <summary>Needs with a token of his own address, of all that may be asked for.</summary>
    NeedsWithToken,

    /// <summary>Announcements of a newer version under the stream's id and under others, and that the rain is over.</summary>
    Announcements,

    /// <summary>Droplets of the stream, from an address of his own.</summary>
    Droplets,

    /// <summary>A few droplets in the sender's name.</summary>
    DropletsInItsName,
}

/// <summary>A host that forges, a thousand times a second unless told.</summary>
public sealed class GroupForger : SimHost
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly SimGroupSender _sender;
    private readonly SimContent _content;
    private readonly ResourceId _resource;
    private readonly Forgery _kind;
    private readonly TimeSpan _every;
    private readonly SimRandom _random;
    private Bits128 _token;
    private Instant _next;
    private int _inItsName;
    private long _groupBytesPerSecond;

    public GroupForger(
        SimWorld world, PeerAddress address, SimGroupSender sender, SimContent content, ResourceId resource, Forgery kind, SimRandom random,
        TimeSpan? every = null)
        : base(world, address)
    {
        _sender = sender;
        _content = content;
        _resource = resource;
        _kind = kind;
        _random = random;
        _every = every ?? TimeSpan.FromMilliseconds(1);
        _next = LocalNow + TimeSpan.FromMilliseconds(20);
    }

    public Forgery Kind => _kind;

    /// <summary>What it sends to the group, without headers of the network.</summary>
    public long GroupBytesPerSecond => _groupBytesPerSecond;

    public override Instant NextTimeout => _sender.Sender.EndReason == GroupEndReason.None ? _next : Instant.Never;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (WelcomeMessage.TryParse(datagram, out var welcome))
        {
            _token = welcome.Token;
        }
    }

    protected override void OnWake(Instant now)
    {
        if (now < _next)
        {
            return;
        }

        _next = now + _every;
        var stream = _sender.Sender.StreamId;
        switch (_kind)
        {
            case Forgery.Needs:
                ForgeNeeds(stream, new Bits128(0, _random.Next() << 32));
                break;
            case Forgery.NeedsWithToken:
                SendTo(_sender.Address, new ReportMessage
                {
                    StreamId = stream,
                    Identity = new NodeId(0xBAD),
                    Token = _token,
                    State = 1,
                    WantsAnswer = _token == 0,
                }.Write(_buffer));
                ForgeNeeds(stream, _token);
                break;
            case Forgery.Announcements:
                ForgeAnnouncement(stream);
                break;
            case Forgery.Droplets:
                SendTo(GroupRun.Group, ForgeDroplet(stream));
                break;
            default:
                ForgeInItsName(stream);
                break;
        }
    }

    private void ForgeNeeds(uint stream, Bits128 token)
    {
        var figures = _sender.Sender.Snapshot(World.Now);
        Span<NeedEntry> entries = stackalloc NeedEntry[40];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new NeedEntry((uint)(figures.FirstBlock + i - 1), 1, 0xFF_FFFF);
        }

        entries[^1] = new NeedEntry(0, 65_536, 0xFF_FFFF);
        var need = new NeedMessage { StreamId = stream, Round = (ushort)figures.Round, Token = token };
        SendTo(_sender.Address, need.Write(_buffer, entries));
    }

    private void ForgeAnnouncement(uint stream)
    {
        var offer = OfferMessage.Of(_content.Manifest, isComplete: true);
        if (_random.Chance(500_000))
        {
            offer.Version = Sha256Digest.Of([(byte)_random.Below(256)]);
            offer.Stamp += 1_000_000;
        }

        SendTo(GroupRun.Group, new AnnounceMessage
        {
            StreamId = _random.Chance(500_000) ? stream : (uint)_random.Next(),
            Resource = _resource,
            Offer = offer,
            IsLast = true,
            HasEnded = true,
            Round = ushort.MaxValue,
            RainPort = 9,
            FirstBlock = uint.MaxValue,
        }.Write(_buffer, _content.Manifest.Code));
    }

    private int ForgeDroplet(uint stream)
    {
        var layout = _content.Manifest.Layout;
        var length = WireFormat.DropletHeaderBytes + layout.SymbolSize;
        var datagram = _buffer.AsSpan(0, length);
        _random.Fill(datagram);
        var block = Math.Min(_sender.Sender.Snapshot(World.Now).FirstBlock, Math.Max(0, layout.BlockCount - 1));
        new DropletMessage
        {
            SubscriptionId = stream,
            Tag = DropletMessage.TagOf(_content.Manifest.Version),
            Sequence = (uint)_random.Next(),
            BlockNumber = (uint)block,
            Esi = (uint)_random.Below(100),
        }.WriteHeader(datagram);
        return length;
    }

    /// <summary>He sees what rains and can send in anybody's name: five droplets.</summary>
    private void ForgeInItsName(uint stream)
    {
        if (_inItsName++ > 5)
        {
            return;
        }

        var length = ForgeDroplet(stream);
        foreach (var receiver in World.Network.MembersOf(GroupRun.Group))
        {
            World.Network.Inject(World.Now, _sender.Address, receiver, _buffer[..length]);
        }
    }

    private void SendTo(PeerAddress to, int length)
    {
        _groupBytesPerSecond = to == GroupRun.Group ? length * (TimeSpan.TicksPerSecond / _every.Ticks) : _groupBytesPerSecond;
        Send(_buffer, new Transmit(to, length, length));
    }
}
