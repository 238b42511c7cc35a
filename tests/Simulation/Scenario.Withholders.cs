using System.Buffers.Binary;
using PouringRain.Protocol;

namespace Simulation;

// Servers that say that they have it, and do not give it.
public sealed partial class Scenario
{
    private readonly HashSet<PeerAddress> _withholders = [];
    private readonly HashSet<Sha256Digest> _withheld = [];

    /// <summary>In some runs one or two such servers are among the others, with a version of their own that is newer than all, or with the
    /// others' version.</summary>
    private void DrawWithholders()
    {
        for (var i = _hostility.Pick(0, 0, 0, 1, 1, 2); i > 0; i--)
        {
            var server = DrawServer(_servers.Count);
            var content = _newest.Copy();
            if (_hostility.Chance(600_000))
            {
                content = _hostility.Chance(500_000) ? DrawSuccessor(_newest, 100_000 + i) : DrawContent(100_000 + i);
                _withheld.Add(content.Manifest.Version);
            }

            server.Catalog.Add(Id, content.Copy());
            server.Filter = DrawWithholding(server);
            _withholders.Add(server.Address);
            _servers.Add(server);
        }
    }

    private Tampering<bool> DrawWithholding(SimServer server)
    {
        var random = new SimRandom(_hostility.Next());
        var gap = TimeSpan.FromMilliseconds(random.Between(2000, 8000));
        var next = _world.Now;
        var claimsNothingSent = random.Chance(500_000);
        switch (random.Below(5))
        {
            case 0:
                // Offers alone, as to somebody whom it has never heard of.
                return datagram => IsOffer(datagram, unvalidated: claimsNothingSent);
            case 1:
                // Whatever is no droplet.
                return datagram => !IsDroplet(datagram, out _) && Answer(datagram);
            case 2:
                // The manifest and no block.
                return datagram => IsDroplet(datagram, out var block) ? block == WireFormat.ManifestBlockNumber : Answer(datagram);
            case 3:
                // A droplet now and then.
                return datagram => IsDroplet(datagram, out _) ? IsTime() : Answer(datagram);
            default:
                // The manifest, and of blocks a droplet now and then.
                return datagram => IsDroplet(datagram, out var block)
                    ? block == WireFormat.ManifestBlockNumber || IsTime() : Answer(datagram);
        }

        bool IsTime()
        {
            var isTime = server.World.Now >= next;
            next = isTime ? server.World.Now + gap : next;
            return isTime;
        }

        bool Answer(Span<byte> datagram)
        {
            if (claimsNothingSent && StatusMessage.TryParse(datagram, out _, out _))
            {
                // Next sequence, request at work, symbols of it.
                BinaryPrimitives.WriteUInt32BigEndian(datagram[22..], 0);
                BinaryPrimitives.WriteUInt32BigEndian(datagram[26..], 0);
                BinaryPrimitives.WriteUInt16BigEndian(datagram[30..], 0);
            }

            return true;
        }
    }

    private static bool IsOffer(Span<byte> datagram, bool unvalidated)
    {
        if (!OfferMessage.TryParse(datagram, out var offer, out var code))
        {
            return false;
        }

        if (unvalidated)
        {
            var name = System.Text.Encoding.UTF8.GetString(code);
            offer.IsAddressValidated = false;
            offer.Write(datagram, name);
        }

        return true;
    }

    private static bool IsDroplet(ReadOnlySpan<byte> datagram, out uint blockNumber)
    {
        var isDroplet = DropletMessage.TryParse(datagram, out var droplet, out _);
        blockNumber = droplet.BlockNumber;
        return isDroplet;
    }
}
