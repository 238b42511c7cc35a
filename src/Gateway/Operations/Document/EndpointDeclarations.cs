using System.Net.Mime;
using Gateway.Http;

namespace Gateway.Operations.Document;

/// <summary>What endpoints declare of themselves where a handler's signature does not say it.</summary>
internal static class EndpointDeclarations
{
    /// <summary>Declares query parameters and header fields.</summary>
    /// <typeparam name="T">A delegate whose parameters they are.</typeparam>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint)
        where T : Delegate => endpoint.WithMetadata([.. DeclaredParameter.Of<T>()]);

    /// <summary>Declares a body of bytes.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="meaning">What they are.</param>
    /// <param name="mediaType">Their media type.</param>
    /// <param name="isRequired">Whether there must be some.</param>
    public static RouteHandlerBuilder TakesBytes(
        this RouteHandlerBuilder endpoint, string meaning, string mediaType = MediaTypeNames.Application.Octet, bool isRequired = true) =>
        endpoint.WithMetadata(new BytesTaken(meaning, mediaType, isRequired));

    /// <summary>Declares the problems that an endpoint may answer, apart from those that any endpoint may.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, params ProblemType[] types)
    {
        foreach (var status in types.Select(type => type.Status).Distinct())
        {
            endpoint.Produces<Problem.Document>(status, MediaTypeNames.Application.ProblemJson);
        }

        return endpoint.WithMetadata([.. types]);
    }

    /// <summary>Declares another JSON body that an answer may have.</summary>
    /// <typeparam name="T">The body, which another operation answers too.</typeparam>
    public static RouteHandlerBuilder OrProduces<T>(this RouteHandlerBuilder endpoint, int status) =>
        endpoint.WithMetadata(new AlsoAnswered(status, typeof(T)));

    /// <summary>Declares that an answer may be a page as well.</summary>
    public static RouteHandlerBuilder OrProducesPage(this RouteHandlerBuilder endpoint, int status) => endpoint.OrProduces<string>(status);

    /// <summary>Declares header fields of answers.</summary>
    public static RouteHandlerBuilder Sends(this RouteHandlerBuilder endpoint, int[] statuses, params AnswerField[] fields) =>
        endpoint.WithMetadata([.. statuses.Select(status => new FieldsSent(status, fields))]);
}
