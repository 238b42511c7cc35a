namespace PouringRain.Protocol;

// What a server says of itself: OFFER, STATUS, NOT_FOUND, BUSY, and its answer to PROPAGATE. No answer to an address that is not
// validated is longer than what it answers.
public sealed partial class RainServer
{
    private ResourceId? HandlePropagate(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!PropagateMessage.TryParse(datagram, out var message))
        {
            return null;
        }

        var verdict = PropagateVerdict.TokenNeeded;
        if (_tokens.IsValid(message.Token, from, now, out _))
        {
            var answer = FindVersion(message.Resource, message.Version, out var content);
            var isHeld = content is { IsComplete: true };
            if (answer != CatalogAnswer.Loading && !isHeld && message.Stamp != long.MinValue)
            {
                answer = _catalog.Find(message.Resource, out var newest);
                isHeld = newest is not null && newest.Manifest.Stamp > message.Stamp;
            }

            if (answer == CatalogAnswer.Loading)
            {
                return message.Resource;
            }

            var source = new PeerAddress(from.Address, message.RainPort, from.ScopeId);
            verdict = isHeld ? PropagateVerdict.Held
                : message.RainPort == 0 || _options.MayPropagate?.Invoke(source) == false ? PropagateVerdict.Refused
                : PropagateVerdict.Accepted;
            if (verdict == PropagateVerdict.Accepted && _events.Count < EventCountMax)
            {
                _events.Enqueue(new PropagateRequest(message.Resource, message.Version, source));
            }
        }

        var room = _answers.Reserve();
        if (room.Length > 0)
        {
            var said = new PropagateAnswer
            {
                SubscriptionId = message.SubscriptionId,
                Verdict = verdict,
                Resource = message.Resource,
                Token = _tokens.Make(from, now),
                Node = _options.Node,
            };
            _answers.Commit(from, said.Write(room));
        }

        return null;
    }

    /// <summary>Tells one subscriber that there is no more for it here.</summary>
    private bool TryDismiss(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_table.Any is not { } row)
        {
            return false;
        }

        Remove(row);
        var length = WriteBusy(row, buffer);
        transmit = new Transmit(row.Peer, length, length);
        return true;
    }

    /// <summary>Writes the next answer, if one waits; it counts under the ceiling, though it is nobody's turn.</summary>
    private bool TryAnswer(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        if (_answers.TryDequeue(buffer, out transmit) || _consultAnswers?.TryDequeue(buffer, out transmit) == true
            || _swarmAnswers?.TryDequeue(buffer, out transmit) == true)
        {
            _ceiling?.Pay(now, transmit.Length);
            return true;
        }

        return false;
    }

    private static int WriteBusy(Subscriber row, Span<byte> datagram) => new ShortMessage
    {
        Type = MessageType.Busy,
        SubscriptionId = row.SubscriptionId,
        Resource = row.Resource,
        ClientTime = row.ClientTime,
    }.Write(datagram);

    private void HandleConsult(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_consultAnswers is null)
        {
            return;
        }

        var room = _consultAnswers.Reserve();
        if (room.Length > 0 && _options.Consult!(now, from, datagram, room) is > 0 and var length)
        {
            _consultAnswers.Commit(from, length);
        }
    }

    private void AnswerShort(PeerAddress to, MessageType type, SubscribeMessage message, int lengthMax)
    {
        var room = _answers.Reserve();
        if (room.Length == 0 || lengthMax < ShortMessage.SizeBytes)
        {
            return;
        }

        var answer = new ShortMessage
        {
            Type = type,
            SubscriptionId = message.SubscriptionId,
            Resource = message.Resource,
            ClientTime = message.ClientTime,
        };
        _answers.Commit(to, answer.Write(room));
    }

    private void AnswerOffer(Instant now, PeerAddress to, IRainContent content, SubscribeMessage message, bool isValidated, int lengthMax)
    {
        var room = _answers.Reserve();
        if (room.Length == 0)
        {
            return;
        }

        var offer = OfferMessage.Of(content.Manifest, content.IsComplete);
        offer.SubscriptionId = message.SubscriptionId;
        offer.IsAddressValidated = isValidated;
        offer.CeilingBytesPerSecond = _ceiling?.OnWire ?? 0;
        offer.Token = _tokens.Make(to, now);
        offer.ClientTime = message.ClientTime;
        offer.Number = message.Number;
        var length = offer.Write(room, content.Manifest.Code);
        if (length <= lengthMax)
        {
            _answers.Commit(to, length);
        }
    }

    private void AnswerStatus(Instant now, Subscriber row)
    {
        var room = _answers.Reserve();
        if (room.Length == 0)
        {
            return;
        }

        var status = new StatusMessage
        {
            SubscriptionId = row.SubscriptionId,
            Tag = DropletMessage.TagOf(row.Content.Manifest.Version),
            ClientTime = row.ClientTime,
            HeldMicroseconds = (uint)Math.Clamp((now - row.ClientTimeCame).TotalMicroseconds, 0, uint.MaxValue),
            Number = row.Number,
            NextSequence = row.NextSequence,
            Request = row.CursorRequest,
            RequestOffset = row.CursorOffset,
            IsDry = !row.HasRequests,
            IsComplete = row.Content.IsComplete,
            CeilingBytesPerSecond = _ceiling?.OnWire ?? 0,
        };
        _answers.Commit(row.Peer, status.Write(room, row.Refused.AsSpan(0, row.RefusedCount)));
        row.OwesDryStatus &= row.HasRequests;
    }
}
