using System.Buffers.Binary;

namespace PouringRain.Protocol;

// Those who fetch a version in company: what each holds, what they are told of this server's blocks, and of each other.
public sealed partial class RainServer
{
    /// <summary>So that a server with a thousand in company answers 500 of them a second.</summary>
    private const int MillisecondsPerRow = 2, PauseMillisecondsMin = 50, PauseMillisecondsMax = 5000;

    /// <summary>Who has no manifest yet waits for somebody to be named who has, of which there are more every moment.</summary>
    private const int PauseMillisecondsAtFirst = 400;

    private readonly Dictionary<Sha256Digest, Company> _companies = [];

    /// <summary>Made with the first JOIN: most servers see none.</summary>
    private AnswerQueue? _swarmAnswers;

    private void HandleJoin(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        // A node that fetches from ports of its own is served there like any other, and has nothing to give on to itself; to be told of
        // itself by others is like being told of somebody who is not there.
        if (_options.Swarms is null || !JoinMessage.TryParse(datagram, out var message, out var declined)
            || (message.Node == _options.Node && message.Node != default))
        {
            return;
        }

        _swarmAnswers ??= new AnswerQueue(128, HaveMessage.BytesMax);
        var row = _table.Find(from, message.SubscriptionId);
        if (!IsTokenValid(now, from, row, message.Token, out _) || row is null || row.Resource != message.Resource
            || row.Tag != message.Tag)
        {
            AnswerToken(now, from, message);
            return;
        }

        if (!TryJoin(now, row, message))
        {
            Remove(row);
            AnswerBusy(row);
            return;
        }

        row.HeldReported = message.HeldCount;
        row.SymbolsSinceReport = 0;
        AnswerHave(now, row, message, declined);
        if (message.WantsPeers)
        {
            AnswerPeers(row, message);
        }
    }

    /// <summary>Enters a row into the company of its version; false when there are enough already.</summary>
    private bool TryJoin(Instant now, Subscriber row, in JoinMessage message)
    {
        var address = new PeerAddress(row.Peer.Address, message.LacksManifest ? (ushort)0 : message.RainPort, row.Peer.ScopeId);
        if (row.Member is { } member)
        {
            if (member.Node == message.Node)
            {
                member.Swarm.Move(member, address);
                return true;
            }

            LeaveCompany(row);
        }

        var version = row.Content.Manifest.Version;
        if (!_companies.TryGetValue(version, out var company))
        {
            _companies.Add(version, company = new Company());
        }

        var swarm = _options.Swarms!.Find(row.Resource, version);
        if (company.Count >= _options.NeighbourCountMax && (swarm is null ? !row.Content.IsComplete : swarm.Seed is null))
        {
            return false;
        }

        row.Member = _options.Swarms.Enter(row.Resource, row.Content.Manifest, row.Content.IsComplete, message.Node, address);
        row.Company = company;
        row.Serial = company.Entered++;
        row.LastTurn = now;
        company.Count++;
        NoteGiven(row, row.BytesAlone);
        row.BytesAlone = 0;
        return true;
    }

    /// <summary>With whom a row shares its turns: all of a version do of which some are in company. Otherwise a dozen in company would have
    /// one turn together, and one that is in none one alone.</summary>
    private Company? CompanyOf(Subscriber row) =>
        row.Company ?? (_companies.Count > 0 ? _companies.GetValueOrDefault(row.Content.Manifest.Version) : null);

    private void LeaveCompany(Subscriber row)
    {
        if (row.Member is not { } member)
        {
            return;
        }

        _options.Swarms!.Leave(member);
        if (--row.Company!.Count == 0)
        {
            _companies.Remove(member.Swarm.Version);
        }

        row.Member = null;
        row.Company = null;
    }

    /// <summary>Droplets of a block went out.</summary>
    private static void NoteSent(Instant now, Subscriber row, RequestItem item, int count)
    {
        if (row.Member is { } member && item.BlockNumber != WireFormat.ManifestBlockNumber)
        {
            row.SymbolsSinceReport += count;
            member.Swarm.Seed?.OnSent(now, member, (int)item.BlockNumber, count, row.Layout.SymbolsOf((int)item.BlockNumber));
        }
    }

    /// <summary>Droplets went out.</summary>
    private void NoteGiven(Subscriber row, long bytes)
    {
        if (row.Member is { } member)
        {
            member.Gift.Add(bytes);
            CompanyBytesSent += bytes;
        }
        else
        {
            row.BytesAlone += bytes;
        }
    }

    private void AnswerToken(Instant now, PeerAddress to, in JoinMessage message)
    {
        var room = _swarmAnswers!.Reserve();
        if (room.Length > 0)
        {
            var have = new HaveMessage { SubscriptionId = message.SubscriptionId, Tag = message.Tag, Token = _tokens.Make(to, now) };
            _swarmAnswers.Commit(to, have.Write(room, 0, 0, 0));
        }
    }

    private void AnswerBusy(Subscriber row)
    {
        var room = _answers.Reserve();
        if (room.Length > 0)
        {
            _answers.Commit(row.Peer, WriteBusy(row, room));
        }
    }

    private void AnswerHave(Instant now, Subscriber row, in JoinMessage message, ReadOnlySpan<byte> declined)
    {
        var room = _swarmAnswers!.Reserve();
        if (room.Length == 0)
        {
            return;
        }

        var content = row.Content;
        var have = new HaveMessage
        {
            SubscriptionId = row.SubscriptionId,
            Tag = row.Tag,
            Token = row.Token,
            IsAddressValidated = true,
            IsComplete = content.IsComplete,
            Epoch = content.HeldEpoch,
            HeldCount = (uint)content.HeldBlockCount,
            PauseMilliseconds = (ushort)Math.Clamp(
                row.Company!.Count * MillisecondsPerRow, PauseMillisecondsMin,
                message.LacksManifest ? PauseMillisecondsAtFirst : PauseMillisecondsMax),
        };
        var lists = HaveMessage.ListsOf(room);
        int bitmapBytes = 0, arrivalCount = 0, suggestedCount = 0;
        if (!have.IsComplete)
        {
            (bitmapBytes, arrivalCount) = WriteHeld(content, message, lists, ref have);
        }
        else if (message.LacksManifest)
        {
            // Nobody can give on what he cannot verify.
            have.IsSuggestedOnly = message.RainPort != 0 && row.Member!.Swarm is { Seed.IsOver: false, NodeCount: > 1 };
        }
        else if (row.Member is { Address.Port: not 0, Swarm: { Seed: { IsOver: false } seed } swarm } member && swarm.MemberCount > 1)
        {
            have.IsSuggestedOnly = true;
            suggestedCount = seed.Suggest(now, member, declined, lists[..(4 * HaveMessage.SuggestedCountMax)]);
        }

        var length = have.Write(room, bitmapBytes, arrivalCount, suggestedCount);
        if (row.Credit.TryAnswer(length, JoinMessage.FixedBytes))
        {
            _swarmAnswers.Commit(row.Peer, length);
        }
    }

    /// <summary>Of what the client does not know yet: first the blocks as they are now, part by part, then those that came since it was
    /// told of the first part.</summary>
    private static (int BitmapBytes, int ArrivalCount) WriteHeld(
        IRainContent content, in JoinMessage message, Span<byte> lists, ref HaveMessage have)
    {
        var blockCount = content.Manifest.Layout.BlockCount;
        var isKnown = message.Epoch == have.Epoch;
        var first = isKnown ? message.FirstUnknown : 0;
        if (first < (uint)blockCount && first % 8 == 0)
        {
            var bytes = Math.Min(HaveMessage.BitmapBytesMax, (blockCount - (int)first + 7) / 8);
            content.CopyHeld((int)first, lists[..bytes]);
            have.FirstBlock = first;

            // What comes from here on is told as arrivals: some of it is in the bitmap, too.
            have.FirstArrival = isKnown ? message.ArrivalsKnown : have.HeldCount;
            return (bytes, 0);
        }

        have.FirstBlock = 0;
        have.FirstArrival = Math.Min(message.ArrivalsKnown, have.HeldCount);
        Span<int> blocks = stackalloc int[HaveMessage.ArrivalCountMax];
        var count = content.CopyArrivals((int)have.FirstArrival, blocks);
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(lists[(4 * i)..], blocks[i]);
        }

        return (0, count);
    }

    private void AnswerPeers(Subscriber row, in JoinMessage message)
    {
        var room = _swarmAnswers!.Reserve();
        if (room.Length == 0)
        {
            return;
        }

        Span<PeerAddress> drawn = stackalloc PeerAddress[PeersMessage.PeerCountMax];
        var swarm = row.Member!.Swarm;
        var count = swarm.Draw(ref _random, message.Node, row.Peer.IsLoopback, drawn);
        var known = swarm.KnownCount - (row.Member.Address.Port != 0 ? 1 : 0);
        var peers = new PeersMessage { SubscriptionId = row.SubscriptionId, Tag = row.Tag, KnownCount = (uint)Math.Max(0, known) };
        var length = peers.Write(room, drawn[..count]);
        if (row.Credit.TryAnswer(length, 0))
        {
            _swarmAnswers.Commit(row.Peer, length);
        }
    }
}
