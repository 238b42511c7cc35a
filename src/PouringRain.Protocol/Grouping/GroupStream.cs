namespace PouringRain.Protocol.Grouping;

/// <summary>A stream that is heard, as it announces itself. Nothing of it is believed that could do harm: a block is written when its
/// digest is that of the manifest, and the manifest's that of the version.</summary>
internal sealed class GroupStream
{
    public GroupStream(Instant now, PeerAddress sender, in AnnounceMessage announce, OfferedVersion version)
    {
        Id = announce.StreamId;
        Sender = sender;
        Resource = announce.Resource;
        Version = version;
        FirstHeard = now;
        Take(now, announce);
    }

    public uint Id { get; }

    /// <summary>Where it comes from; what comes from elsewhere under its id is another's.</summary>
    public PeerAddress Sender { get; }

    public ResourceId Resource { get; }

    public OfferedVersion Version { get; }

    public AnnounceMessage Announce { get; private set; }

    public int Round { get; private set; }

    public uint RoundEsi { get; private set; }

    public int FirstBlock { get; private set; }

    public Instant FirstHeard { get; }

    /// <summary>When anything of it was heard last.</summary>
    public Instant LastHeard { get; set; }

    /// <summary>When it said that it is over; never when it says nothing of the kind any more.</summary>
    public Instant EndedAt { get; private set; } = Instant.Never;

    /// <summary>Whether a droplet of it has come.</summary>
    public bool HasRained { get; private set; }

    /// <summary>Since when droplets should come and none ever did; never when that is not so.</summary>
    public Instant LacksDropletsFrom { get; private set; } = Instant.Never;

    /// <summary>Where the same can be had by unicast.</summary>
    public PeerAddress? RainServer => Announce.RainPort == 0 ? null : Sender with { Port = Announce.RainPort };

    public void Take(Instant now, in AnnounceMessage announce)
    {
        Announce = announce;
        LastHeard = now;
        EndedAt = announce.HasEnded ? Instant.Min(EndedAt, now) : Instant.Never;
        LacksDropletsFrom = HasRained || announce.IsWaiting || announce.IsLast ? Instant.Never : Instant.Min(LacksDropletsFrom, now);
        MoveTo(announce.Round, announce.RoundEsi, announce.FirstBlock);
    }

    public void OnDroplet(Instant now)
    {
        LastHeard = now;
        EndedAt = Instant.Never;
        LacksDropletsFrom = Instant.Never;
        HasRained = true;
    }

    /// <summary>Takes where the sender says that it is.</summary>
    /// <returns>Whether another round has begun.</returns>
    public bool MoveTo(int round, uint roundEsi, uint firstBlock)
    {
        if (round < Round)
        {
            return false;
        }

        var isNew = round > Round;
        Round = round;
        RoundEsi = roundEsi;
        FirstBlock = (int)Math.Min(firstBlock, (uint)Version.Layout.BlockCount);
        return isNew;
    }
}
