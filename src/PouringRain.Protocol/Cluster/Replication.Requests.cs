using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// Questions: what is asked of whom and when, again when there is no answer, and where answers go.
public sealed partial class Replication
{
    private const int TriesMax = 3, TellsInFlightMax = 4, ListsInFlightMax = 4;

    private static readonly TimeSpan TimeoutMin = TimeSpan.FromMilliseconds(100), TimeoutMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeFirst = TimeSpan.FromSeconds(1), ProbeMax = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ulong, Outstanding> _outstanding = [];
    private readonly Queue<ulong> _again = [];
    private readonly byte[] _body = new byte[ConsultRequest.BytesMax - ConsultRequest.FixedBytes];
    private int _turn;

    /// <inheritdoc cref="Fetch.NextTimeout"/>
    public Instant NextTimeout
    {
        get
        {
            lock (_gate)
            {
                if (_again.Count > 0)
                {
                    return new Instant(0);
                }

                var next = Instant.Min(Instant.Min(_nextSweep, _nextCached), Instant.Min(NextGrant(), NextSurvey()));
                foreach (var outstanding in _outstanding.Values)
                {
                    next = Instant.Min(next, outstanding.Due);
                }

                foreach (var peer in _peerList)
                {
                    next = Instant.Min(next, NextDue(peer));
                }

                return next;
            }
        }
    }

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        lock (_gate)
        {
            if (!ConsultAnswer.TryParse(datagram, out var answer, out var body) || answer.SubscriptionId != SubscriptionId
                || !_outstanding.TryGetValue(answer.Nonce, out var asked) || asked.Address != from || asked.Kind != answer.Kind)
            {
                return;
            }

            var peer = asked.Peer;
            if (answer.Status == ConsultStatus.TokenNeeded)
            {
                if (answer.Token != default && answer.Token != asked.Token)
                {
                    _options.Tokens.Store(from, answer.Token);
                    asked.Token = answer.Token;
                    _again.Enqueue(answer.Nonce);
                }

                return;
            }

            if (answer.Node != peer.Id || answer.Status is ConsultStatus.NotTrusted or ConsultStatus.Unknown)
            {
                // Somebody else is at that address, or does not speak to this node, or not this language: as if nobody were there.
                Fail(now, answer.Nonce, asked);
                return;
            }

            _outstanding.Remove(answer.Nonce);
            Release(asked);
            NoteAnswer(now, asked, answer);
            if (!Take(now, asked, answer, body))
            {
                PutOff(now, asked, TimeSpan.FromSeconds(answer.Status == ConsultStatus.Answered ? 30 : 2));
            }
        }
    }

    /// <inheritdoc cref="Fetch.TryPollTransmit"/>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        lock (_gate)
        {
            transmit = default;
            if (!_hasMembers)
            {
                return false;
            }

            Tick(now);
            while (_again.TryDequeue(out var nonce))
            {
                if (_outstanding.TryGetValue(nonce, out var asked))
                {
                    transmit = Send(now, nonce, asked, buffer);
                    return true;
                }
            }

            for (var i = 0; i < _peerList.Count; i++)
            {
                var peer = _peerList[(_turn + i) % _peerList.Count];
                if (Ask(now, peer) is { } asked)
                {
                    _turn = (_turn + i + 1) % _peerList.Count;
                    var nonce = _random.Next();
                    _outstanding[nonce] = asked;
                    transmit = Send(now, nonce, asked, buffer);
                    return true;
                }
            }

            return false;
        }
    }

    private void Tick(Instant now)
    {
        foreach (var (nonce, asked) in _outstanding)
        {
            if (asked.Due > now)
            {
                continue;
            }

            if (asked.Tries < TriesMax || _surveys.ContainsKey(asked.Survey))
            {
                asked.Due = Instant.Never;
                _again.Enqueue(nonce);
            }
            else
            {
                Fail(now, nonce, asked);
            }
        }

        Doubt(now);
        EndSurveys(now);
        Sweep(now);
        LookAtCached(now);
        Grant(now);
    }

    private Transmit Send(Instant now, ulong nonce, Outstanding asked, Span<byte> buffer)
    {
        asked.Body.CopyTo(buffer[ConsultRequest.FixedBytes..]);
        var length = new ConsultRequest
        {
            SubscriptionId = SubscriptionId,
            Version = ConsultRequest.FormatVersion,
            Kind = asked.Kind,
            Nonce = nonce,
            Node = _options.Node,
            Start = _start,
            AgreedTo = _savedMarks.AgreedTo,
            ForgottenTo = Marks.ForgottenTo,
            PlacementHash = asked.PlacementHash,
            Token = asked.Token,
        }.Write(buffer, asked.Body.Length);
        var timeout = asked.Survey > 0 ? Least(asked.Peer.Timeout, _options.SurveyTimeout / 4) : asked.Peer.Timeout;
        asked.Due = now + (timeout * (1 << Math.Min(asked.Tries, 4)));
        asked.Tries++;
        return new Transmit(asked.Address, length, length);
    }

    /// <summary>What a node is to be asked now, the most urgent first: surveys, tellings, digests, lists.</summary>
    private Outstanding? Ask(Instant now, ReplicationPeer peer)
    {
        while (peer.MayAnswer && peer.Surveys.TryDequeue(out var number))
        {
            if (_surveys.TryGetValue(number, out var survey))
            {
                var question = new ToldEntry(survey.Id, ReplicaVersion.None, ToldFlags.None, null);
                return Make(now, peer, ConsultKind.Tell, WriteTold([question]), told: [question], survey: number);
            }
        }

        if (peer.IsAnswering)
        {
            return NextDue(peer) > now ? null : AskTells(now, peer) ?? AskDigests(now, peer) ?? AskList(now, peer);
        }

        // Nobody there: one question now and then, at each of its addresses in turn.
        if (peer.DigestsInFlight > 0 || peer.ProbeAt > now)
        {
            return null;
        }

        peer.Groups.Clear();
        return AskGroups(now, peer);
    }

    private Instant NextDue(ReplicationPeer peer)
    {
        if (peer.MayAnswer && peer.Surveys.Count > 0)
        {
            return new Instant(0);
        }

        if (!peer.IsAnswering)
        {
            return peer.DigestsInFlight == 0 && _index.IsLoaded ? peer.ProbeAt : Instant.Never;
        }

        var next = Instant.Never;
        if (peer.TellsInFlight < TellsInFlightMax && peer.DueTells.TryPeek(out _, out var due))
        {
            next = Instant.Min(next, new Instant(due));
        }

        if (!_index.IsLoaded)
        {
            return next;
        }

        if (peer.DigestsInFlight == 0 && peer.Groups.Count > 0)
        {
            return new Instant(0);
        }

        if (peer.DigestsInFlight == 0 && !peer.HasLists && peer.ListsInFlight == 0)
        {
            next = Instant.Min(next, peer.NextDigests);
        }

        return MayList(peer) ? new Instant(0) : next;
    }

    private Outstanding Make(
        Instant now, ReplicationPeer peer, ConsultKind kind, int bodyBytes, int first = 0, int span = 0, int count = 0,
        ListMessage list = default, List<ToldEntry>? told = null, long survey = 0)
    {
        var asked = new Outstanding
        {
            Peer = peer,
            Kind = kind,
            Body = _body[..bodyBytes],
            Address = peer.Address,
            First = now,
            ClusterMs = ClusterMs(now),
            PlacementHash = kind == ConsultKind.Tell ? 0 : _placement.Hash,
            Token = _options.Tokens.Find(peer.Address, out _),
            FirstPartition = first,
            Span = span,
            Count = count,
            List = list,
            Told = told ?? [],
            Survey = survey,
        };
        switch (kind)
        {
            case ConsultKind.Digests:
                peer.DigestsInFlight++;
                break;
            case ConsultKind.List:
                peer.ListsInFlight++;
                break;
            default:
                peer.TellsInFlight += survey == 0 ? 1 : 0;
                break;
        }

        return asked;
    }

    private static void Release(Outstanding asked)
    {
        var peer = asked.Peer;
        switch (asked.Kind)
        {
            case ConsultKind.Digests:
                peer.DigestsInFlight--;
                break;
            case ConsultKind.List:
                peer.ListsInFlight--;
                break;
            default:
                peer.TellsInFlight -= asked.Survey == 0 ? 1 : 0;
                break;
        }
    }

    private bool Take(Instant now, Outstanding asked, in ConsultAnswer answer, ReadOnlySpan<byte> body) =>
        answer.Status == ConsultStatus.Answered && asked.Kind switch
        {
            ConsultKind.Digests => TakeDigests(now, asked, body),
            ConsultKind.List => TakeList(now, asked, body),
            _ => TakeVerdicts(now, asked, body),
        };

    private void NoteAnswer(Instant now, Outstanding asked, in ConsultAnswer answer)
    {
        var peer = asked.Peer;
        if (asked.Tries == 1)
        {
            var sample = (now - asked.First) * 3;
            peer.Timeout = sample < TimeoutMin ? TimeoutMin : Least(sample, TimeoutMax);
        }

        peer.Failures = 0;
        if (!peer.IsAnswering)
        {
            peer.IsAnswering = true;
            peer.NextDigests = now;
            RecheckCached();
        }

        NoteMarks(now, peer, answer.Start, answer.AgreedTo, answer.ForgottenTo);
    }

    /// <summary>What one says of itself, asked or asking.</summary>
    private void NoteMarks(Instant now, ReplicationPeer peer, ulong start, long agreedTo, long forgottenTo)
    {
        if (peer.Start != start)
        {
            // It was started anew: who knows with what disk.
            if (peer.Start != 0)
            {
                peer.Reset(now);
                foreach (var inquiry in _inquiries.Values)
                {
                    inquiry.Confirmed.Remove(peer.Id);
                    inquiry.Missing.Remove(peer.Id);
                }
            }

            peer.Start = start;
        }

        peer.AgreedTo = agreedTo;
        if (forgottenTo != peer.ForgottenTo)
        {
            // It may be less than before: with an old disk.
            peer.ForgottenTo = forgottenTo;
            NoteForgotten(now, forgottenTo);
        }
    }

    private void Fail(Instant now, ulong nonce, Outstanding asked)
    {
        var peer = asked.Peer;
        _outstanding.Remove(nonce);
        Release(asked);
        peer.Failures++;
        peer.AddressIndex = (peer.AddressIndex + 1) % peer.Member.Rain.Length;
        peer.Timeout = Least(peer.Timeout * 2, TimeoutMax);
        if (asked.Survey > 0)
        {
            return;
        }

        peer.IsAnswering = false;
        peer.ProbeAt = now + Pause(ProbeFirst, peer.Failures - 1, ProbeMax);
        PutOff(now, asked, TimeSpan.FromSeconds(1));
    }

    /// <summary>What was asked and not answered is asked again.</summary>
    private static void PutOff(Instant now, Outstanding asked, TimeSpan pause)
    {
        var peer = asked.Peer;
        switch (asked.Kind)
        {
            case ConsultKind.Digests:
                peer.Groups.Clear();
                peer.NextDigests = now + pause;
                break;
            case ConsultKind.List:
                // The digests say again what differs.
                peer.TombstoneLists.Clear();
                peer.VersionLists.Clear();
                peer.NextDigests = now + pause;
                break;
            default:
                asked.Told.ForEach(entry => TellAgain(now, peer, entry.Id, pause));
                break;
        }
    }

    private void Drop(ReplicationPeer peer)
    {
        foreach (var (nonce, asked) in _outstanding)
        {
            if (asked.Peer == peer)
            {
                _outstanding.Remove(nonce);
            }
        }
    }
}
