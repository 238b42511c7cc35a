using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Tests.Archiving;

/// <summary>One node that asks, and a desk that answers, a datagram at a time.</summary>
public class ArchiveQuestionTests
{
    private static readonly NodeId Asker = new(1), Asked = new(2);
    private static readonly PeerAddress Place = new(1, 1980), AskersPlace = new(1, 2000);

    private readonly ArchiveOrder _order = new()
    {
        Serial = 77,
        Verb = ArchiveVerb.Look,
        Resource = new ResourceId(42),
        Version = Sha256Digest.Of("version"u8),
        Coding = "rapidraid",
    };

    private readonly byte[] _datagram = new byte[2048], _answer = new byte[2048];
    private Instant _now = new(1_000_000_000);
    private ArchiveReport? _report;
    private int _obeyed;

    /// <summary>A token first, "not ready" while it is found out, then the answer, and nothing more.</summary>
    [Fact]
    public void AQuestionIsAskedUntilItIsAnswered()
    {
        var (question, desk) = Make();

        Assert.True(Exchange(question, desk));
        Assert.Equal((0, false), (_obeyed, question.IsOver));

        Assert.True(Exchange(question, desk));
        Assert.Equal((1, false), (_obeyed, question.IsOver));

        _report = new ArchiveReport { HasWhole = true };
        Assert.False(Exchange(question, desk));
        _now = question.NextTimeout;
        Assert.True(Exchange(question, desk));
        Assert.True(question.IsOver);
        Assert.Equal(_report, question.Report);
        Assert.False(Exchange(question, desk));
        Assert.Equal(Instant.Never, question.NextTimeout);
    }

    [Fact]
    public void ASilentNodeIsAskedLessAndLessOftenAndGivenUp()
    {
        var (question, _) = Make();
        var count = 0;
        while (!question.IsOver)
        {
            count += question.TryPollTransmit(_now, _datagram, out _) ? 1 : 0;
            Assert.True(question.IsOver || question.NextTimeout > _now);
            _now = question.IsOver ? _now : question.NextTimeout;
        }

        Assert.InRange(count, 3, 8);
        Assert.Null(question.Report);
    }

    /// <summary>Whoever is not trusted is told nothing, and what somebody else says is no answer.</summary>
    [Fact]
    public void OnlyNodesAreAnsweredAndOnlyThePlaceThatWasAskedAnswers()
    {
        var (question, desk) = Make();
        Exchange(question, desk);
        _report = new ArchiveReport { HasWhole = true };
        Assert.True(question.TryPollTransmit(_now, _datagram, out var transmit));
        var length = desk.Answer(_now, AskersPlace, _ => true, _datagram.AsSpan(0, transmit.Length), _answer);
        question.Handle(_now, AskersPlace, _answer.AsSpan(0, length));
        Assert.False(question.IsOver);

        _obeyed = 0;
        length = desk.Answer(_now, AskersPlace, _ => false, _datagram.AsSpan(0, transmit.Length), _answer);
        Assert.Equal((0, ConsultAnswer.FixedBytes), (_obeyed, length));
        question.Handle(_now, Place, _answer.AsSpan(0, length));
        Assert.True(question.IsOver);
        Assert.Null(question.Report);
    }

    private (ArchiveQuestion Question, ArchiveDesk Desk) Make() => (
        new ArchiveQuestion(Asker, Asked, [Place], _order, new TokenCache(), _now, TimeSpan.FromSeconds(4)),
        new ArchiveDesk(Asked, new byte[32], order =>
        {
            Assert.Equal(_order, order);
            _obeyed++;
            return _report;
        }));

    /// <summary>One question that is due and its answer; false when none is due.</summary>
    private bool Exchange(ArchiveQuestion question, ArchiveDesk desk)
    {
        if (!question.TryPollTransmit(_now, _datagram, out var transmit))
        {
            return false;
        }

        var length = desk.Answer(_now, AskersPlace, _ => true, _datagram.AsSpan(0, transmit.Length), _answer);
        question.Handle(_now, Place, _answer.AsSpan(0, length));
        return true;
    }
}
