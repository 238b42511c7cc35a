namespace Simulation.Groups;

// What is drawn beside the rest, by numbers of its own, so that a seed without it is what it was before.
public sealed partial class GroupTrial
{
    private readonly SimRandom _more;
    private readonly bool _isWifi;
    private GroupReplayer? _replayer;

    /// <summary>Multicast crawls to some, as on Wi-Fi; unicast does not.</summary>
    private void DrawWifi(SimGroupReceiver receiver)
    {
        if (!_isWifi || !_hasRain || !_more.Chance(500_000))
        {
            return;
        }

        _isLossless = false;
        _notes.Add("one is on Wi-Fi");
        receiver.GroupDownlink = new SimPipe
        {
            RateBytesPerSecond = Math.Max(30_000, (long)(_content.Bytes.Length / _seconds / _more.Pick(2, 5, 20))),
            QueueBytes = 50_000,
        };
    }

    /// <summary>Somebody has recorded an older version under the same secret.</summary>
    private void DrawReplayer()
    {
        if (_secret is null || !_more.Chance(500_000))
        {
            return;
        }

        _isLossless = false;
        _notes.Add("somebody replays an older session");
        var old = DrawContent(stamp: 400, _more);

        // Of what is recorded nothing may ever be written. He fills no link.
        _known.Remove(old.Manifest.Version);
        _replayer = new GroupReplayer(
            _world, PouringRain.Protocol.PeerAddress.FromIPv4(0x0A00_00F1, 4000), _sender, Id, old, new SimSeal(_secret, _more), _more,
            bytesPerSecond: (long)Math.Max(4000, Math.Min(_rateBitsPerSecond / 80, _content.Bytes.Length / _seconds / 10)));
    }
}
