using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// Before a version is made, the holders are asked for the newest there is, so that it is newer than that.
public sealed partial class Replication
{
    private const int SurveysMax = 4096;

    private readonly Dictionary<long, SurveyState> _surveys = [];
    private readonly Queue<SurveyResult> _surveyed = [];
    private long _lastSurvey;

    /// <summary>Asks all holders that answer for the newest version of a resource.</summary>
    /// <returns>A number, under which <see cref="TryPollSurvey"/> gives the result after a round trip, or after
    /// <see cref="ReplicationOptions.SurveyTimeout"/>.</returns>
    public long Survey(Instant now, ResourceId id)
    {
        lock (_gate)
        {
            var survey = new SurveyState(++_lastSurvey, id, now + _options.SurveyTimeout);
            NoteNewest(survey, _index.TryFind(id, out var replica) ? replica.Version : ReplicaVersion.None);
            NoteNewest(survey, _wants.TryGetValue(id, out var want) ? want.Version : ReplicaVersion.None);
            if (_surveys.Count < SurveysMax)
            {
                foreach (var peer in _peerList)
                {
                    if (peer.IsAnswering && IsHolder(peer, id))
                    {
                        survey.Waiting.Add(peer.Id);
                        peer.Surveys.Enqueue(survey.Number);
                    }
                }
            }

            survey.Asked = survey.Waiting.Count;
            _surveys[survey.Number] = survey;
            if (survey.Asked == 0)
            {
                End(survey);
            }

            return survey.Number;
        }
    }

    /// <summary>Surveys that are over.</summary>
    public bool TryPollSurvey(out SurveyResult result)
    {
        lock (_gate)
        {
            return _surveyed.TryDequeue(out result);
        }
    }

    private void TakeSurvey(Instant now, Outstanding asked, in ToldVerdict verdict)
    {
        if (!_surveys.TryGetValue(asked.Survey, out var survey) || verdict.Kind is not (TellVerdict.Newer or TellVerdict.Missing))
        {
            return;
        }

        if (verdict.Kind == TellVerdict.Newer && verdict.Newer.Id == survey.Id && !IsTooFarAhead(now, verdict.Newer.Version.Stamp))
        {
            NoteNewest(survey, verdict.Newer.Version);
        }

        survey.Waiting.Remove(asked.Peer.Id);
        if (survey.Waiting.Count == 0)
        {
            End(survey);
        }
    }

    private static void NoteNewest(SurveyState survey, ReplicaVersion version) =>
        survey.Newest = version > survey.Newest ? version : survey.Newest;

    private void EndSurveys(Instant now)
    {
        foreach (var survey in _surveys.Values)
        {
            if (survey.Due <= now)
            {
                End(survey);
            }
        }
    }

    private Instant NextSurvey()
    {
        var next = Instant.Never;
        foreach (var survey in _surveys.Values)
        {
            next = Instant.Min(next, survey.Due);
        }

        return next;
    }

    private void End(SurveyState survey)
    {
        _surveys.Remove(survey.Number);
        _surveyed.Enqueue(new SurveyResult(
            survey.Number, survey.Id, survey.Newest, survey.Asked, survey.Asked - survey.Waiting.Count));
    }

    private sealed class SurveyState(long number, ResourceId id, Instant due)
    {
        public long Number => number;

        public ResourceId Id => id;

        public Instant Due => due;

        public ReplicaVersion Newest { get; set; } = ReplicaVersion.None;

        public HashSet<NodeId> Waiting { get; } = [];

        public int Asked { get; set; }
    }
}
